//! Rules and drafts in words, as records and reports have them.

use super::rule::{LINES, RAYS};
use super::{Draft, Images, Kind, Lender, Measure, Movers, Order, Rule, Which};
use crate::views::Symmetry;
use std::fmt::{Display, Formatter, Result};

/// What lies at the end of each of [`STEPS`](super::picture::STEPS).
const WAYS: [&str; 4] = ["down", "up", "right", "left"];

impl Display for Draft {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        write!(formatter, "{}", self.rule)?;
        self.then.map_or(Ok(()), |then| write!(formatter, ", then {then}"))
    }
}

impl Display for Kind {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        let near = |diagonal: bool| if diagonal { "8" } else { "4" };
        match *self {
            Self::Cells => formatter.write_str("cells"),
            Self::Connected { diagonal, one_colour: true } => {
                write!(formatter, "{}-connected objects of one colour", near(diagonal))
            }
            Self::Connected { diagonal, one_colour: false } => {
                write!(formatter, "{}-connected objects", near(diagonal))
            }
            Self::Free { diagonal } => write!(formatter, "{}-connected background", near(diagonal)),
        }
    }
}

impl Display for Movers {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match self {
            Self::All => Ok(()),
            Self::Of(colour) => write!(formatter, " of colour {colour}"),
            Self::Without(colour) => write!(formatter, " without colour {colour}"),
        }
    }
}

impl Display for Lender {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(match self {
            Self::Touching => "what touches them",
            Self::Nearest => "what is nearest",
            Self::InLine => "what lies in their rows and columns",
            Self::Alike => "those of their shape",
            Self::Inside => "what lies in their box",
        })
    }
}

/// A colour, or what stands for any.
fn colour_or(colour: Option<u8>, any: &str) -> String {
    colour.map_or_else(|| any.to_string(), |colour| format!("colour {colour}"))
}

/// Steps as arrows.
fn arrows(steps: &[(isize, isize)]) -> String {
    let arrow = |&(down, across): &(isize, isize)| match (down.signum(), across.signum()) {
        (1, 0) => '↓',
        (-1, 0) => '↑',
        (0, 1) => '→',
        (0, -1) => '←',
        (1, 1) => '↘',
        (-1, -1) => '↖',
        (1, _) => '↙',
        _ => '↗',
    };
    steps.iter().map(arrow).collect()
}

fn images(images: Images) -> &'static str {
    match images {
        Images::Across => "left to right",
        Images::Down => "top to bottom",
        Images::Half => "by half a turn",
        Images::Mirrors => "left to right and top to bottom",
        Images::Turns => "by quarter turns",
        Images::All => "every way",
    }
}

fn measure(by: Measure) -> String {
    match by {
        Measure::Trait(by) => format!("{by:?}").to_lowercase(),
        by => format!("{by:?}").to_lowercase(),
    }
}

fn symmetry(Symmetry { transpose, flip_rows, flip_columns }: Symmetry) -> String {
    let said = [(transpose, "transposed"), (flip_rows, "upside down"), (flip_columns, "left to right")];
    said.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect::<Vec<_>>().join(", ")
}

/// Words that are there or not.
fn if_so(is_so: bool, words: &'static str) -> &'static str {
    if is_so { words } else { "" }
}

impl Display for Rule {
    #[expect(clippy::too_many_lines, reason = "a line for each rule")]
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match *self {
            Self::Slide(kind, movers, step) => write!(formatter, "{kind}{movers} as far {} as they go", WAYS[step]),
            Self::Gather(kind, to) => write!(formatter, "{kind} to colour {to}"),
            Self::ReturnHome(kind) => write!(formatter, "single cells to {kind} of their colour"),
            Self::Leap(kind, step, copy) => {
                write!(formatter, "{kind} {} by their length{}", WAYS[step], if_so(copy, ", copied"))
            }
            Self::Aligned(kind, with, rows) => {
                write!(formatter, "{kind} to the {} of colour {with}", if rows { "top" } else { "left" })
            }
            Self::Connect { ways, colour, over } => {
                let colour = colour_or(colour, "each colour");
                write!(
                    formatter,
                    "lines {} between cells of {colour}{}",
                    arrows(LINES[ways]),
                    if_so(over, ", over all")
                )
            }
            Self::Rays { ways, colour, stop } => {
                let colour = colour_or(colour, "any colour");
                write!(
                    formatter,
                    "lines {} from cells of {colour}{}",
                    arrows(RAYS[ways]),
                    if_so(stop, " to what is there")
                )
            }
            Self::Enclosed(diagonal, colour) => {
                let leaks = if_so(diagonal, ", corners let through");
                write!(formatter, "what is enclosed in {}{leaks}", colour_or(colour, "the colour around"))
            }
            Self::Boxes(kind, colour) => write!(formatter, "boxes of {kind} in {}", colour_or(colour, "their colour")),
            Self::Flood(colour, diagonal) => {
                write!(formatter, "areas that colour {colour} touches filled{}", if_so(diagonal, ", through corners"))
            }
            Self::About(colour, which) => write!(formatter, "all mirrored about colour {colour} {}", images(which)),
            Self::Symmetric(kind, which) => write!(formatter, "{kind} made symmetric {}", images(which)),
            Self::Turned(kind, turn) => write!(formatter, "{kind} turned: {}", symmetry(turn)),
            Self::Stamps { kind, recolour, keep } => {
                let own = if_so(recolour, " in their colours");
                write!(formatter, "the richest of {kind} at single cells{own}{}", if_so(!keep, ", itself gone"))
            }
            Self::Completed(kind, scale, keep) => {
                let larger = if_so(scale > 1, ", larger as well");
                write!(formatter, "parts of the richest of {kind} made whole{larger}{}", if_so(!keep, ", itself gone"))
            }
            Self::Replaced(kind) => write!(formatter, "the richest of {kind} over those of its size"),
            Self::Borrowed(kind, from, only) => {
                let only = only.map_or_else(String::new, |colour| format!(" of colour {colour}"));
                write!(formatter, "{kind}{only} in the colour of {from}")
            }
            Self::Ends { corners, colour, stop } => {
                let colour = colour_or(colour, "any colour");
                let (slanted, stop) = (if_so(corners, ", slanted ones too"), if_so(stop, ", to what is there"));
                write!(formatter, "lines of {colour} continued from their ends{slanted}{stop}")
            }
            Self::Pointed { corners, colour, own, stop } => {
                let of = if own { "its colour" } else { "that colour" };
                let (corner, stop) = (if_so(corners, ", corners too"), if_so(stop, ", to what is there"));
                write!(formatter, "lines from colour {colour} in {of}, away from what touches it{corner}{stop}")
            }
            Self::Bridges(ways) => {
                write!(formatter, "lines {} between cells of different colours", arrows(LINES[ways]))
            }
            Self::Mirrored(which, whole) => {
                let middle = if whole { "the grid" } else { "what is drawn" };
                write!(formatter, "all mirrored about the middle of {middle} {}", images(which))
            }
            Self::Trail(kind, step, gap) => {
                write!(formatter, "{kind} copied {} up to the border, {gap} between", WAYS[step])
            }
            Self::Continued(kind) => write!(formatter, "{kind} that follow one another continued"),
            Self::Mended(kind, which) => {
                write!(formatter, "{kind} made symmetric about their own middle {}", images(which))
            }
            Self::Vacant(_) => formatter.write_str("the largest empty rectangle"),
            Self::Squares(side, _) => write!(formatter, "empty squares of {side} × {side}"),
            Self::Overlaid(kind) => write!(formatter, "{kind} of one size over one another"),
            Self::Repeated { down, across } => {
                let how = if down && across {
                    "both ways"
                } else if down {
                    "downwards"
                } else {
                    "sideways"
                };
                write!(formatter, "what is drawn repeated {how}")
            }
            Self::Repaired(hidden) => write!(formatter, "what colour {hidden} hides by symmetry and period"),
            Self::Patch(hidden) => write!(formatter, "what colour {hidden} hides by symmetry and period, cut out"),
            Self::Painted(kind, by, order, _) => {
                let order = match order {
                    Order::Value => "",
                    Order::Largest => ", largest first",
                    Order::Smallest => ", smallest first",
                };
                write!(formatter, "{kind} painted by {}{order}", measure(by))
            }
            Self::Kept(kind, which, others) => {
                let all_but = if_so(others, "all but ");
                match which {
                    Which::Most(by) => write!(formatter, "{all_but}the {kind} with most {}", measure(by)),
                    Which::Least(by) => write!(formatter, "{all_but}the {kind} with least {}", measure(by)),
                    Which::With(colour) => write!(formatter, "{all_but}the {kind} with colour {colour}"),
                    Which::Above(size) => write!(formatter, "{all_but}the {kind} of more than {size}"),
                }
            }
            Self::Blended(kind, rarest) => {
                write!(formatter, "{kind} in their {} colour", if rarest { "rarest" } else { "commonest" })
            }
            Self::Dense => formatter.write_str("empty rows and columns left out"),
            Self::Arranged(kind) => write!(formatter, "a cell for each of the {kind}"),
            Self::Bars(turn, counted) => {
                let turned = symmetry(turn);
                let what = if counted { "bars of colours by count" } else { "colours by count" };
                write!(formatter, "{what}{}{turned}", if_so(!turned.is_empty(), ", "))
            }
            Self::Once { rows, columns } => {
                let what = if rows && columns {
                    "rows and columns"
                } else if rows {
                    "rows"
                } else {
                    "columns"
                };
                write!(formatter, "{what} like the one before left out")
            }
            Self::Cut(window) => write!(formatter, "{window}"),
            Self::Quarter => formatter.write_str("the upper left quarter of what is drawn"),
            Self::Turn(turn) => write!(formatter, "turned: {}", symmetry(turn)),
            Self::Larger(times) => write!(formatter, "{times} times as large"),
            Self::Tiles { rows, columns, mirrored } => {
                write!(formatter, "{rows} × {columns} tiles{}", if_so(mirrored, ", mirrored"))
            }
        }
    }
}
