//! The view: progress above, the fits at work with their guesses as coloured grids, and below what ended last.

use super::Seen;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Gauge, Paragraph};
use std::time::Duration;
use tenfold::internals::data::{Attempts, Grid};
use tenfold::internals::report::palette::colour_of;
use tenfold::internals::report::{AtWork, Live, PuzzleRecord, printable};

/// The narrowest panel of a fit at work: two grids of ARC's size, a cell a column.
const PANEL: u16 = 64;

/// Lines of what ended last, with the frame: a grid of ARC's size at half a line a row.
const ENDED: u16 = 17;

/// Grids whose sides are no longer are drawn at a line a row.
const SMALL: usize = 12;

/// A run that has said nothing for so many seconds does nothing any more.
const SILENT: f64 = 30.0;

/// Draws what is seen of a run.
pub(super) fn draw(seen: &Seen, frame: &mut Frame) {
    let at_work = seen.live.as_ref().map_or(&[][..], |live| &live.at_work);
    let line = Constraint::Length(1);
    let (work, ended) = if at_work.is_empty() {
        (line, Constraint::Fill(1))
    } else {
        (Constraint::Fill(1), Constraint::Length(ENDED.min(frame.area().height / 2)))
    };
    let [head, bar, work, ended] = Layout::vertical([line, line, work, ended]).areas(frame.area());
    frame.render_widget(heading(seen), head);
    frame.render_widget(gauge(seen), bar);
    if at_work.is_empty() {
        frame.render_widget(Paragraph::new("no fit is at work").dim(), work);
    }
    for (fit, area) in at_work.iter().zip(panels(work, at_work.len())) {
        frame.render_widget(panel(fit), area);
    }
    draw_ended(&seen.records, frame, ended);
}

fn heading(seen: &Seen) -> Line<'static> {
    let judged = seen.records.iter().filter(|record| record.solved.is_some()).count();
    let solved = seen.records.iter().filter(|record| record.solved == Some(true)).count();
    let mut parts = vec![Span::from(printable(&seen.name).into_owned()).bold()];
    if judged > 0 {
        parts.push(Span::from(format!("  {solved} of {judged} solved")));
    }
    if let Some(live) = &seen.live {
        parts.push(Span::from(rate(seen, live)));
        let silent = seen.now - live.written;
        if silent > SILENT {
            parts.push(Span::from(format!("  nothing heard for {}", told(silent))).red());
        }
    }
    parts.push(Span::from("  q ends").dim());
    Line::from(parts)
}

/// Fits a minute, and the time that is left at that rate.
fn rate(seen: &Seen, live: &Live) -> String {
    let done = seen.records.len().saturating_sub(live.before) as f64;
    let parts: f64 = live.at_work.iter().map(|fit| fit.step as f64 / fit.steps.max(1) as f64).sum();
    let seconds = (live.written - live.begun).max(1.0);
    let per_second = (done + parts) / seconds;
    let left = live.fits.saturating_sub(seen.records.len()) as f64 - parts;
    if per_second > 0.0 {
        format!("  {:.1} a minute  {} left", 60.0 * per_second, told((left / per_second).max(0.0)))
    } else {
        String::new()
    }
}

fn told(seconds: f64) -> String {
    humantime::format_duration(Duration::from_secs_f64(seconds.clamp(0.0, 1e9).round())).to_string()
}

fn gauge(seen: &Seen) -> Gauge<'static> {
    let done = seen.records.len();
    let all = seen.live.as_ref().map_or(done, |live| live.fits).max(done);
    let ratio = if all == 0 { 0.0 } else { done as f64 / all as f64 };
    Gauge::default().ratio(ratio).label(format!("{done} of {all} fits")).gauge_style(Style::new().blue())
}

/// A place for each of so many panels, side by side where there is room.
fn panels(area: Rect, count: usize) -> Vec<Rect> {
    let columns = usize::from(area.width / PANEL).clamp(1, count.max(1));
    let rows = count.div_ceil(columns).max(1);
    let of_row = |row: &Rect| Layout::horizontal(vec![Constraint::Fill(1); columns]).split(*row).to_vec();
    Layout::vertical(vec![Constraint::Fill(1); rows]).split(area).iter().flat_map(of_row).collect()
}

fn panel(fit: &AtWork) -> Paragraph<'static> {
    let AtWork { id, variant, seed, step, steps, bits, confidence, attempts } = fit;
    let state = match step {
        0 => format!("views are tried  {bits:.0} bits"),
        _ => format!("step {step} of {steps}  {bits:.0} bits  {:.0}% sure", 100.0 * confidence),
    };
    let mut lines = vec![Line::from(state)];
    for Attempts { attempt_1, attempt_2 } in attempts {
        lines.extend(side_by_side(&[attempt_1, attempt_2]));
        lines.push(Line::default());
    }
    let title = format!(" {}  {}, seed {seed} ", printable(id), printable(variant));
    Paragraph::new(lines).block(Block::bordered().title(title).border_style(Style::new().dim()))
}

/// Grids beside each other: small ones a row a line, others two.
fn side_by_side(grids: &[&Grid]) -> Vec<Line<'static>> {
    let is_small = grids.iter().all(|grid| grid.rows().max(grid.columns()) <= SMALL);
    let cell = if is_small { whole_cell } else { half_cells };
    let rows = grids.iter().map(|grid| grid.rows()).max().unwrap_or(0);
    let line = |line: usize| {
        let cells = |grid: &&Grid| {
            let mut cells: Vec<Span> = (0..grid.columns()).map(|column| cell(grid, line, column)).collect();
            cells.push(Span::from("  "));
            cells
        };
        Line::from(grids.iter().flat_map(cells).collect::<Vec<_>>())
    };
    (0..if is_small { rows } else { rows.div_ceil(2) }).map(line).collect()
}

/// A cell, two columns wide; nothing below the grid.
fn whole_cell(grid: &Grid, row: usize, column: usize) -> Span<'static> {
    let style = if row < grid.rows() { Style::new().bg(colour(grid, row, column)) } else { Style::new() };
    Span::styled("  ", style)
}

/// The two cells of a line as the halves of a character; nothing below the grid.
fn half_cells(grid: &Grid, line: usize, column: usize) -> Span<'static> {
    let [upper, lower] = [2 * line, 2 * line + 1].map(|row| (row < grid.rows()).then(|| colour(grid, row, column)));
    match (upper, lower) {
        (Some(upper), Some(lower)) => Span::styled("▀", Style::new().fg(upper).bg(lower)),
        (Some(upper), None) => Span::styled("▀", Style::new().fg(upper)),
        _ => Span::from(" "),
    }
}

fn colour(grid: &Grid, row: usize, column: usize) -> Color {
    let [red, green, blue] = colour_of(grid.get(row, column));
    Color::Rgb(red, green, blue)
}

/// The last that ended, newest first, and what was solved last as a picture.
fn draw_ended(records: &[PuzzleRecord], frame: &mut Frame, area: Rect) {
    let [list, picture] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(PANEL / 2 + 2)]).areas(area);
    let lines = records.iter().rev().take(usize::from(area.height)).map(|record| {
        let mark = match record.solved {
            Some(true) => Span::from("solved      ").green(),
            Some(false) => Span::from("not solved  ").red(),
            None => Span::from("answered    ").dim(),
        };
        let bits = record.bits().map_or_else(String::new, |bits| format!("{bits:.0} bits, "));
        let rest = format!(
            "{}  {}, seed {}: {bits}{} steps, {:.1} s",
            printable(&record.id),
            printable(&record.variant),
            record.seed,
            record.steps,
            record.seconds
        );
        Line::from(vec![mark, Span::from(rest)])
    });
    let block = |title: String| Block::bordered().title(title).border_style(Style::new().dim());
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block(" ended last ".into())), list);
    if let Some(record) = records.iter().rev().find(|record| record.solved == Some(true)) {
        let right = record.right_attempts.iter().flatten().zip(&record.attempts);
        let answers =
            right.map(|(right, Attempts { attempt_1, attempt_2 })| if *right == 2 { attempt_2 } else { attempt_1 });
        let lines = side_by_side(&answers.collect::<Vec<_>>());
        let title = format!(" solved last: {} ", printable(&record.id));
        frame.render_widget(Paragraph::new(lines).block(block(title)), picture);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn grid(rows: usize, columns: usize, colour: u8) -> Grid {
        Grid::new(rows, columns, vec![colour; rows * columns]).unwrap()
    }

    fn seen(at_work: usize) -> Seen {
        let fit = |number: usize| AtWork {
            id: format!("puzzle-{number}"),
            variant: "base".into(),
            seed: 3,
            step: 12,
            steps: 60,
            bits: 345.6,
            confidence: 0.25,
            attempts: vec![Attempts { attempt_1: grid(3, 4, 2), attempt_2: grid(30, 30, 1) }],
        };
        let live = Live { begun: 0.0, written: 60.0, fits: 8, before: 0, at_work: (0..at_work).map(fit).collect() };
        Seen { name: "run".into(), records: Vec::new(), length: None, live: Some(live), now: 120.0 }
    }

    fn drawn(seen: &Seen, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(seen, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |row: u16| (0..width).map(|column| buffer[(column, row)].symbol()).collect::<String>() + "\n";
        (0..height).map(row).collect()
    }

    #[test]
    fn every_fit_at_work_is_seen_with_its_guess() {
        let text = drawn(&seen(2), 140, 40);
        for says in
            ["0 of 8 fits", "puzzle-0  base, seed 3", "puzzle-1", "step 12 of 60  346 bits  25% sure", "▀▀▀▀  ▀▀▀"]
        {
            assert!(text.contains(says), "{says}: {text}");
        }
        assert!(text.contains("0.4 a minute") && text.contains("nothing heard for 1m"), "{text}");
    }

    #[test]
    fn no_terminal_is_too_small_and_a_run_that_has_ended_says_so() {
        for (width, height) in [(1, 1), (20, 5), (64, 12), (300, 80)] {
            drawn(&seen(5), width, height);
        }
        let ended = Seen { live: None, ..seen(0) };
        assert!(drawn(&ended, 80, 20).contains("no fit is at work"));
    }
}
