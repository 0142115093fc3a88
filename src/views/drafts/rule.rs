//! Rules: general ways to draw something for any grid.
//!
//! In: a grid and the colour that is no object. Out: what a [`Rule`] draws, where it has something for that grid; and the rules that
//! are tried for a puzzle.

use super::picture::{Picture, STEPS};
use super::{Images, Kind, Lender, Measure, Order, Which};
use super::{areas, borrowed, copies, lines, moves, repair, summaries};
use crate::data::{COLOURS, Grid, Puzzle};
use crate::views::Symmetry;
use crate::views::window::{Region, Window};

/// A whole gets at most so many times as high, and as wide.
const MOST_TILES: usize = 4;

/// Lines go these ways, each pair of ways as one: down, right, both, to the corners, all.
pub(super) const LINES: [&[(isize, isize)]; 5] =
    [&[STEPS[0]], &[STEPS[2]], &[STEPS[0], STEPS[2]], &[STEPS[4], STEPS[6]], &[STEPS[0], STEPS[2], STEPS[4], STEPS[6]]];

/// Rays go one way each of the eight, or these.
pub(super) const RAYS: [&[(isize, isize)]; 13] = [
    &[STEPS[0]],
    &[STEPS[1]],
    &[STEPS[2]],
    &[STEPS[3]],
    &[STEPS[4]],
    &[STEPS[5]],
    &[STEPS[6]],
    &[STEPS[7]],
    &[STEPS[0], STEPS[1]],
    &[STEPS[2], STEPS[3]],
    &[STEPS[0], STEPS[1], STEPS[2], STEPS[3]],
    &[STEPS[4], STEPS[5], STEPS[6], STEPS[7]],
    &STEPS,
];

/// Which objects move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movers {
    /// All.
    All,
    /// Those of one colour, this one.
    Of(u8),
    /// Those without it.
    Without(u8),
}

/// A rule that draws something for every input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Objects go one way (a number of [`STEPS`]) until something is there.
    Slide(Kind, Movers, usize),
    /// Objects go straight to the nearest cell of a colour.
    Gather(Kind, u8),
    /// Single cells go straight to the nearest larger object of their colour, or away.
    ReturnHome(Kind),
    /// Objects go one way (a number of [`STEPS`]) by their own length, and leave a copy or not.
    Leap(Kind, usize, bool),
    /// Objects go up or down, or else left or right, until they begin where a colour's box begins.
    Aligned(Kind, u8, bool),
    /// Cells of a colour, or of any, are joined where nothing, or anything, lies between them.
    Connect {
        /// A number of [`LINES`].
        ways: usize,
        /// The colour, or any.
        colour: Option<u8>,
        /// Whether lines go over other things.
        over: bool,
    },
    /// Lines go on from the cells of a colour, or of any.
    Rays {
        /// A number of [`RAYS`].
        ways: usize,
        /// The colour, or any.
        colour: Option<u8>,
        /// Whether they end at other things.
        stop: bool,
    },
    /// Background that is enclosed is filled, where corners let through or not, with a colour or with what is around.
    Enclosed(bool, Option<u8>),
    /// Boxes of objects are filled, with a colour or their own.
    Boxes(Kind, Option<u8>),
    /// Areas that a colour touches are filled with it, where corners let through or not.
    Flood(u8, bool),
    /// All is mirrored about the box of a colour.
    About(u8, Images),
    /// Objects are made symmetric.
    Symmetric(Kind, Images),
    /// Objects are turned in their place.
    Turned(Kind, Symmetry),
    /// The most colourful object is drawn at each single cell.
    Stamps {
        /// What an object is.
        kind: Kind,
        /// Whether it takes the cell's colour.
        recolour: bool,
        /// Whether it stays where it was.
        keep: bool,
    },
    /// What is a part of the most colourful objects is made whole, at most so many times as large; these stay or not.
    Completed(Kind, usize, bool),
    /// The most colourful object is drawn over those whose boxes have its size.
    Replaced(Kind),
    /// Objects, of one colour or of any, in the colour that something else lends them.
    Borrowed(Kind, Lender, Option<u8>),
    /// Lines go on from their ends.
    Ends {
        /// Whether lines may be slanted.
        corners: bool,
        /// The colour, or any.
        colour: Option<u8>,
        /// Whether they end at other things.
        stop: bool,
    },
    /// Lines go on from cells of a colour, away from another colour that they touch.
    Pointed {
        /// Whether cells that touch at corners do.
        corners: bool,
        /// The colour of the cells.
        colour: u8,
        /// Whether lines have that colour, or the other.
        own: bool,
        /// Whether they end at other things.
        stop: bool,
    },
    /// Cells of different colours that see each other are joined.
    Bridges(usize),
    /// All is mirrored about the middle of the grid, or of the box of all that is drawn.
    Mirrored(Images, bool),
    /// Objects are made symmetric about where they are most so already.
    Mended(Kind, Images),
    /// The largest rectangles of background are drawn.
    Vacant(u8),
    /// Squares of background, so many cells high and wide, are drawn.
    Squares(usize, u8),
    /// Objects whose boxes have one size over one another.
    Overlaid(Kind),
    /// Objects are copied one way (a number of [`STEPS`]) up to the border, with so much between.
    Trail(Kind, usize, isize),
    /// Objects that follow one another go on.
    Continued(Kind),
    /// The box of all that is drawn is repeated up and down, left and right, or both.
    Repeated {
        /// Up and down.
        down: bool,
        /// Left and right.
        across: bool,
    },
    /// What a colour hides is read off symmetries and periods.
    Repaired(u8),
    /// That part alone.
    Patch(u8),
    /// Objects are painted by a number, in colours that are bits of the last.
    Painted(Kind, Measure, Order, u16),
    /// Some objects alone, or all others.
    Kept(Kind, Which, bool),
    /// Objects in their commonest colour, or their rarest.
    Blended(Kind, bool),
    /// Rows and columns of nothing but background left out.
    Dense,
    /// A cell for each object.
    Arranged(Kind),
    /// Colours by their counts, a row each, turned; a cell, or bars.
    Bars(Symmetry, bool),
    /// Rows that are like the one before left out, columns, or both.
    Once {
        /// Rows.
        rows: bool,
        /// Columns.
        columns: bool,
    },
    /// A part of the input.
    Cut(Window),
    /// The upper left quarter of the box of all that is drawn.
    Quarter,
    /// All of it turned.
    Turn(Symmetry),
    /// So many times as large.
    Larger(usize),
    /// Several of it, from top to bottom and from left to right; each a mirror image of the one before, or not.
    Tiles {
        /// From top to bottom.
        rows: usize,
        /// From left to right.
        columns: usize,
        /// Whether neighbours mirror each other.
        mirrored: bool,
    },
}

impl Rule {
    /// What it draws on a background for a grid; none where it has nothing for it.
    pub fn draw(self, input: &Grid, background: u8) -> Option<Grid> {
        let picture = Picture::new(input, background);
        let drawn = match self {
            Rule::Slide(kind, movers, step) => {
                let moves = |object: &Vec<_>| match movers {
                    Movers::All => true,
                    Movers::Of(colour) => picture.colours(object).iter().all(|&other| other == colour),
                    Movers::Without(colour) => !picture.colours(object).contains(&colour),
                };
                let objects = picture.objects(kind).into_iter().filter(moves).collect();
                moves::slide(&picture, objects, STEPS[step])
            }
            Rule::Gather(kind, to) => moves::gather(&picture, &picture.objects(kind), to),
            Rule::ReturnHome(kind) => moves::return_home(&picture, &picture.objects(kind)),
            Rule::Leap(kind, step, copy) => moves::leap(&picture, &picture.objects(kind), STEPS[step], copy),
            Rule::Aligned(kind, with, rows) => moves::aligned(&picture, &picture.objects(kind), with, rows)?,
            Rule::Connect { ways, colour, over } => lines::connect(&picture, LINES[ways], colour, over),
            Rule::Rays { ways, colour, stop } => lines::rays(&picture, RAYS[ways], colour, stop),
            Rule::Enclosed(diagonal, colour) => areas::enclosed(&picture, diagonal, colour),
            Rule::Boxes(kind, colour) => areas::boxes(&picture, kind, colour),
            Rule::Flood(colour, diagonal) => areas::flood(&picture, colour, diagonal),
            Rule::About(colour, images) => copies::about(&picture, colour, images)?,
            Rule::Symmetric(kind, images) => copies::symmetric(&picture, kind, images),
            Rule::Turned(kind, symmetry) => copies::turned(&picture, kind, symmetry)?,
            Rule::Stamps { kind, recolour, keep } => copies::stamps(&picture, kind, recolour, keep)?,
            Rule::Completed(kind, scale, keep) => copies::completed(&picture, kind, scale, keep)?,
            Rule::Replaced(kind) => copies::replaced(&picture, kind)?,
            Rule::Borrowed(kind, from, colour) => borrowed::borrowed(&picture, kind, from, colour)?,
            Rule::Ends { corners, colour, stop } => lines::ends(&picture, corners, colour, stop),
            Rule::Pointed { corners, colour, own, stop } => lines::pointed(&picture, corners, colour, own, stop),
            Rule::Bridges(ways) => lines::bridges(&picture, LINES[ways]),
            Rule::Mirrored(images, whole) => copies::mirrored(&picture, images, whole)?,
            Rule::Mended(kind, images) => copies::mended(&picture, kind, images)?,
            Rule::Vacant(colour) => areas::vacant(&picture, colour),
            Rule::Squares(side, colour) => areas::squares(&picture, side, colour),
            Rule::Overlaid(kind) => return copies::overlaid(&picture, kind),
            Rule::Trail(kind, step, gap) => copies::trail(&picture, kind, STEPS[step], gap),
            Rule::Continued(kind) => copies::continued(&picture, kind)?,
            Rule::Repeated { down, across } => copies::repeated(&picture, down, across)?,
            Rule::Repaired(hidden) => repair::repaired(&picture, hidden)?.0,
            Rule::Painted(kind, by, order, colours) => summaries::painted(&picture, kind, by, order, colours)?,
            Rule::Kept(kind, which, others) => summaries::kept(&picture, kind, which, others)?,
            Rule::Blended(kind, rarest) => summaries::blended(&picture, kind, rarest),
            Rule::Dense => return summaries::dense(&picture),
            Rule::Patch(hidden) => return repair::patch(&picture, hidden),
            Rule::Arranged(kind) => return summaries::arranged(&picture, kind),
            Rule::Bars(symmetry, counted) => return Some(symmetry.turn(&summaries::bars(&picture, counted)?)),
            Rule::Once { rows, columns } => {
                let short = if rows { summaries::once(input, false) } else { input.clone() };
                return Some(if columns { summaries::once(&short, true) } else { short });
            }
            Rule::Cut(window) => return window.cut(input),
            Rule::Quarter => return summaries::quarter(&picture),
            Rule::Turn(symmetry) => return Some(symmetry.turn(input)),
            Rule::Larger(times) => return Some(copies::larger(input, times)),
            Rule::Tiles { rows, columns, mirrored } => return Some(copies::tiles(input, rows, columns, mirrored)),
        };
        Some(drawn.grid())
    }

    /// Whether it gives a part of the grid.
    pub fn is_cut(self) -> bool {
        matches!(
            self,
            Self::Cut(_)
                | Self::Quarter
                | Self::Dense
                | Self::Patch(_)
                | Self::Once { .. }
                | Self::Arranged(_)
                | Self::Overlaid(_)
        )
    }

    /// What is made of a whole, with no look at what is in it: of the input itself coders know such things.
    pub fn of_wholes() -> Vec<Self> {
        let tiles = (1..=MOST_TILES).flat_map(|rows| (1..=MOST_TILES).map(move |columns| (rows, columns)));
        let tiles = tiles
            .filter(|&tiles| tiles != (1, 1))
            .flat_map(|(rows, columns)| [false, true].map(|mirrored| Self::Tiles { rows, columns, mirrored }));
        let turns = Symmetry::all().skip(1).map(Self::Turn);
        turns.chain((2..=MOST_TILES).map(Self::Larger)).chain(tiles).collect()
    }

    /// All that are tried for a puzzle, in a fixed order: with the colours that all inputs have, and those that are new in all outputs.
    pub fn all(puzzle: &Puzzle, background: u8) -> Vec<Self> {
        let has = |grid: &Grid| grid.cells().iter().fold(0u16, |mask, &colour| mask | 1 << colour);
        let inputs = puzzle.train.iter().map(|pair| &pair.input).chain(&puzzle.test);
        let common = inputs.fold(u16::MAX, |all, input| all & has(input));
        let new = puzzle.train.iter().fold(u16::MAX, |all, pair| all & has(&pair.output) & !has(&pair.input));
        let known = puzzle.train.iter().fold(0, |all, pair| all | has(&pair.output) | has(&pair.input));
        let of = |mask: u16| (0..COLOURS as u8).filter(move |colour| mask >> colour & 1 == 1);
        let drawn: Vec<u8> = of(common).filter(|&colour| colour != background).collect();
        let any: Vec<Option<u8>> = std::iter::once(None).chain(drawn.iter().copied().map(Some)).collect();
        let fills: Vec<Option<u8>> = std::iter::once(None).chain(of(new).map(Some)).collect();
        let mut all: Vec<Self> = vec![Self::Quarter, Self::Dense];
        all.extend([(true, true), (true, false), (false, true)].map(|(rows, columns)| Self::Once { rows, columns }));
        let windows = [false, true]
            .into_iter()
            .flat_map(|inside| Region::all().map(move |region| Self::Cut(Window { background, region, inside })));
        all.extend(windows);
        all.extend(of(common).flat_map(|colour| [Self::Repaired(colour), Self::Patch(colour)]));
        for counted in [false, true] {
            all.extend(Symmetry::all().map(|symmetry| Self::Bars(symmetry, counted)));
        }
        for diagonal in [false, true] {
            all.extend(fills.iter().map(|&colour| Self::Enclosed(diagonal, colour)));
            all.extend(drawn.iter().map(|&colour| Self::Flood(colour, diagonal)));
        }
        for over in [false, true] {
            all.extend(
                any.iter().flat_map(|&colour| (0..LINES.len()).map(move |ways| Self::Connect { ways, colour, over })),
            );
        }
        for &colour in &drawn {
            all.extend(Images::ALL.map(|images| Self::About(colour, images)));
        }
        for &colour in &any {
            all.extend((0..RAYS.len()).flat_map(|ways| [true, false].map(|stop| Self::Rays { ways, colour, stop })));
            for stop in [true, false] {
                all.extend([false, true].map(|corners| Self::Ends { corners, colour, stop }));
            }
        }
        all.extend([(true, true), (true, false), (false, true)].map(|(down, across)| Self::Repeated { down, across }));
        let movers: Vec<Movers> = std::iter::once(Movers::All)
            .chain(drawn.iter().flat_map(|&colour| [Movers::Of(colour), Movers::Without(colour)]))
            .collect();
        for kind in Kind::OBJECTS.into_iter().chain([Kind::Cells]) {
            all.extend(movers.iter().flat_map(|&movers| (0..4).map(move |step| Self::Slide(kind, movers, step))));
        }
        let paint = |kind: Kind| {
            Measure::all().flat_map(move |by| {
                [Order::Value, Order::Largest, Order::Smallest].map(|order| Self::Painted(kind, by, order, known))
            })
        };
        all.extend([true, false].into_iter().flat_map(|diagonal| paint(Kind::Free { diagonal })));
        for &colour in &drawn {
            for (corners, own) in [(false, false), (false, true), (true, false), (true, true)] {
                all.extend([true, false].map(|stop| Self::Pointed { corners, colour, own, stop }));
            }
        }
        all.extend([2, 3, 4].map(Self::Bridges));
        all.extend(Images::ALL.into_iter().flat_map(|images| [true, false].map(|whole| Self::Mirrored(images, whole))));
        // Whoever reads a draft learns what a colour in it means.
        if let Some(colour) = of(known).find(|&colour| colour != background) {
            all.push(Self::Vacant(colour));
            all.extend([2, 3, 4].map(|side| Self::Squares(side, colour)));
        }
        for kind in Kind::OBJECTS {
            all.extend(
                Lender::ALL.into_iter().flat_map(|from| any.iter().map(move |&of| Self::Borrowed(kind, from, of))),
            );
            all.extend((0..4).flat_map(|step| [0, 1].map(|gap| Self::Trail(kind, step, gap))));
            all.extend(Images::ALL.map(|images| Self::Mended(kind, images)));
            all.extend([Self::Continued(kind), Self::Overlaid(kind)]);
            all.extend(paint(kind));
            all.extend(drawn.iter().map(|&colour| Self::Gather(kind, colour)));
            all.extend(fills.iter().map(|&colour| Self::Boxes(kind, colour)));
            all.extend(Images::ALL.map(|images| Self::Symmetric(kind, images)));
            all.extend(Symmetry::all().skip(1).map(|symmetry| Self::Turned(kind, symmetry)));
            let both = [true, false];
            all.extend(both.into_iter().flat_map(|recolour| both.map(|keep| Self::Stamps { kind, recolour, keep })));
            all.extend([1, 3].into_iter().flat_map(|scale| both.map(|keep| Self::Completed(kind, scale, keep))));
            all.extend([Self::Replaced(kind), Self::ReturnHome(kind)]);
            all.extend((0..4).flat_map(|step| both.map(|copy| Self::Leap(kind, step, copy))));
            all.extend(drawn.iter().flat_map(|&colour| both.map(|rows| Self::Aligned(kind, colour, rows))));
            let which = Measure::all().flat_map(|by| [Which::Most(by), Which::Least(by)]);
            let which = which.chain([Which::Above(1), Which::Above(2)]).chain(drawn.iter().copied().map(Which::With));
            all.extend(which.flat_map(|which| both.map(|others| Self::Kept(kind, which, others))));
            all.extend(both.map(|rarest| Self::Blended(kind, rarest)));
            all.push(Self::Arranged(kind));
        }
        all
    }
}
