//! How a task's file is written around its grids: other keys, their order, white space, the outputs of the tests.
//!
//! In: the file's bytes and what decodes from the code. Out: the section that makes the one of the other, none for a file on one
//! line as this program writes it; and back. It is the file's text with a mark for every grid, and how white space
//! stands in grids; so it is right whatever the text is, and knows nothing of how grids are coded.

use crate::code::{CodeError, primed};
use crate::data::{Grid, Puzzle};

/// Marks in the text: no JSON has control characters other than white space.
const TRAIN_INPUT: u8 = 1;
const TRAIN_OUTPUT: u8 = 2;
const TEST_INPUT: u8 = 3;
/// The output of the last test input, as the code implies it.
const ANSWER: u8 = 4;
/// The same where it is another; its cells stand after the text.
const GIVEN: u8 = 5;

/// The ends of the parts before the marked text, and of that text.
const END: u8 = 0;

/// The most bytes of white space in one place of a grid.
const MOST_SPACE_BYTES: usize = 64;

/// Forms that a section names in a byte: bits for white space after `:` and `,`, for no line break at the end, and for
/// outputs as implied. The first, 0, has no section.
const COMMON_FORMS: u8 = 8;

/// White space in a grid: after `[`; in a row after `[`, before and after `,`, before `]`; before and after `,` between
/// rows; before the last `]`.
type Spaces = [Vec<u8>; 8];
/// Those that the common forms with white space have.
const SPACED: [usize; 2] = [3, 6];

/// A file's form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
enum Form {
    Common(u8),
    Own { spaces: Spaces, marked: Vec<u8>, given: Vec<Grid> },
}

/// Whether a file can be sent as a puzzle with its form beside it: its grids are all written in one way.
pub fn has_form(content: &[u8], puzzle: &Puzzle) -> bool {
    let unanswered = Puzzle { solutions: None, ..puzzle.clone() };
    Form::of(content, &unanswered).is_some_and(|form| form.text().len() <= primed::MOST_TEXT_BYTES)
}

/// The section for a file's bytes, where one is needed. `decoded` is what the code decodes to, with the answers that it implies.
/// `None` where the file has no form; see [`has_form`].
pub(super) fn encode(content: &[u8], decoded: &Puzzle) -> Option<Vec<u8>> {
    match Form::of(content, decoded)? {
        Form::Common(0) => Some(Vec::new()),
        Form::Common(number) => Some(vec![number]),
        own @ Form::Own { .. } => Some([vec![0], primed::encode(&known(decoded), &own.text())].concat()),
    }
}

/// The file's bytes again.
pub(super) fn decode(section: Option<&[u8]>, decoded: &Puzzle) -> Result<Vec<u8>, CodeError> {
    let form = match section {
        None => Form::Common(0),
        Some(&[number @ 1..COMMON_FORMS]) => Form::Common(number),
        Some([0, rest @ ..]) => Form::from_text(&primed::decode(&known(decoded), rest)?)?,
        Some(_) => return Err(CodeError::Form { reason: "nothing that is known" }),
    };
    form.write(decoded)
}

/// What the text of a form is like: the common ones, and the grids.
fn known(decoded: &Puzzle) -> Vec<u8> {
    let mut known: Vec<u8> = (0..COMMON_FORMS).flat_map(|number| common(number, decoded).1).collect();
    let pairs = decoded.train.iter().flat_map(|pair| [&pair.input, &pair.output]);
    pairs.chain(decoded.solutions.iter().flatten()).for_each(|grid| write_cells(grid, &mut known));
    known
}

/// White space and marked text of a common form.
fn common(number: u8, puzzle: &Puzzle) -> (Spaces, Vec<u8>) {
    let [spaced, unended, answered] = [1, 2, 4].map(|bit| number & bit != 0);
    let space = if spaced { " " } else { "" };
    let mark = |mark| char::from(mark);
    let list = |count, entry: &str| vec![entry; count].join(&format!(",{space}"));
    let key = |key, value: char| format!("\"{key}\":{space}{value}");
    let pair = |input, output| format!("{{{},{space}{}}}", key("input", mark(input)), key("output", mark(output)));
    let test = if answered { pair(TEST_INPUT, ANSWER) } else { format!("{{{}}}", key("input", mark(TEST_INPUT))) };
    let text = format!(
        "{{\"train\":{space}[{}],{space}\"test\":{space}[{}]}}{}",
        list(puzzle.train.len(), &pair(TRAIN_INPUT, TRAIN_OUTPUT)),
        list(puzzle.test.len(), &test),
        if unended { "" } else { "\n" }
    );
    let mut spaces = Spaces::default();
    for place in SPACED {
        spaces[place] = space.into();
    }
    (spaces, text.into_bytes())
}

impl Form {
    /// The form of a file, unless a grid of the puzzle does not stand in it as the others do.
    fn of(content: &[u8], puzzle: &Puzzle) -> Option<Self> {
        let is = |number: &u8| Self::Common(*number).write(puzzle).is_ok_and(|written| written == content);
        if let Some(number) = (0..COMMON_FORMS).find(is) {
            return Some(Self::Common(number));
        }
        let mut spaces = [const { None }; 8];
        let (mut marked, mut given) = (Vec::new(), Vec::new());
        let mut queue = Queue::new(puzzle);
        let mut rest = content;
        while let Some(&byte) = rest.first() {
            if let Some(found) = Found::at_start(rest)
                && found.fits(&spaces)
                && let Some(mark) = queue.mark(&found.grid)
            {
                found.spaces.iter().for_each(|&(place, space)| spaces[place] = Some(space));
                marked.push(mark);
                rest = &rest[found.bytes..];
                if mark == GIVEN {
                    given.push(found.grid);
                }
            } else {
                marked.push(byte);
                rest = &rest[1..];
            }
        }
        let form = Self::Own { spaces: spaces.map(|space| space.unwrap_or_default().to_vec()), marked, given };
        let right = queue.is_empty() && form.write(puzzle).is_ok_and(|written| written == content);
        right.then_some(form)
    }

    /// The parts one after the other.
    fn text(&self) -> Vec<u8> {
        let Self::Own { spaces, marked, given } = self else { return Vec::new() };
        let mut text: Vec<u8> =
            spaces.iter().chain([marked]).flat_map(|part| [part.as_slice(), &[END]].concat()).collect();
        for grid in given {
            write_cells(grid, &mut text);
        }
        text
    }

    fn from_text(text: &[u8]) -> Result<Self, CodeError> {
        let wrong = |reason| CodeError::Form { reason };
        let mut parts = text.splitn(10, |&byte| byte == END);
        let mut part = || parts.next().ok_or(wrong("too little"));
        let mut spaces = Spaces::default();
        for space in &mut spaces {
            *space = part()?.to_vec();
            if space.len() > MOST_SPACE_BYTES {
                return Err(wrong("too much white space"));
            }
        }
        let marked = part()?.to_vec();
        let given = read_cells(part()?).ok_or(wrong("an output that is no grid"))?;
        Ok(Self::Own { spaces, marked, given })
    }

    /// The file of a puzzle in this form.
    fn write(&self, puzzle: &Puzzle) -> Result<Vec<u8>, CodeError> {
        let (spaces, marked, given) = match self {
            Self::Common(number) => {
                let (spaces, marked) = common(*number, puzzle);
                (spaces, marked, &[][..])
            }
            Self::Own { spaces, marked, given } => (spaces.clone(), marked.clone(), given.as_slice()),
        };
        let mut queue = Queue::new(puzzle);
        let mut given = given.iter();
        let mut file = Vec::new();
        for byte in marked {
            let (place, grid) = match byte {
                TRAIN_INPUT..=ANSWER => {
                    let place = usize::from(byte - TRAIN_INPUT);
                    (place, queue.peek(place))
                }
                GIVEN => (ANSWER_PLACE, given.next().filter(|_| queue.awaits_output())),
                _ => {
                    file.push(byte);
                    continue;
                }
            };
            queue.pass(place);
            let grid = grid.ok_or(CodeError::Form { reason: "more grids than the task has" })?;
            write_grid(grid, &spaces, &mut file);
        }
        Ok(file)
    }
}

/// A grid's place in [`Queue::taken`].
const ANSWER_PLACE: usize = (ANSWER - TRAIN_INPUT) as usize;

/// The grids of a puzzle that have not stood in the file yet, in the order of their kind.
struct Queue<'a> {
    puzzle: &'a Puzzle,
    /// Train inputs, train outputs, test inputs, and of the outputs of these the last.
    taken: [usize; 4],
}

impl<'a> Queue<'a> {
    fn new(puzzle: &'a Puzzle) -> Self {
        Self { puzzle, taken: [0; 4] }
    }

    /// The next of a kind; of answers that of the last test input, unless it has been taken or is not known.
    fn peek(&self, place: usize) -> Option<&'a Grid> {
        let Self { puzzle, taken } = self;
        match place {
            0 => puzzle.train.get(taken[0]).map(|pair| &pair.input),
            1 => puzzle.train.get(taken[1]).map(|pair| &pair.output),
            2 => puzzle.test.get(taken[2]),
            _ if self.awaits_output() => puzzle.solutions.as_ref()?.get(taken[2] - 1),
            _ => None,
        }
    }

    /// Whether a test input has stood in the file, and its output not yet.
    fn awaits_output(&self) -> bool {
        self.taken[ANSWER_PLACE] < self.taken[2]
    }

    fn pass(&mut self, place: usize) {
        self.taken[place] = if place == ANSWER_PLACE { self.taken[2] } else { self.taken[place] + 1 };
    }

    /// Passes a grid that stands next in the file; gives its mark.
    fn mark(&mut self, grid: &Grid) -> Option<u8> {
        // As files mostly are: an output after its input. Of equal grids any will do.
        let order = if self.taken[1] < self.taken[0] { [1, 0, 3, 2] } else { [0, 1, 3, 2] };
        let known = order.into_iter().find(|&place| self.peek(place) == Some(grid));
        let place = known.or_else(|| self.awaits_output().then_some(ANSWER_PLACE))?;
        self.pass(place);
        Some(if known.is_some() { TRAIN_INPUT + place as u8 } else { GIVEN })
    }

    /// Whether all that the code holds has been taken.
    fn is_empty(&self) -> bool {
        (0..ANSWER_PLACE).all(|place| self.peek(place).is_none())
    }
}

/// A grid's text in a file.
struct Found<'a> {
    grid: Grid,
    bytes: usize,
    /// The white space that stands in it, and its places in [`Spaces`].
    spaces: Vec<(usize, &'a [u8])>,
}

impl<'a> Found<'a> {
    /// The grid that the text begins with: rows of single digits, of equal length.
    fn at_start(text: &'a [u8]) -> Option<Self> {
        let mut rest = text.strip_prefix(b"[")?;
        let mut spaces = Vec::new();
        let mut space = |rest: &mut &'a [u8], place| {
            let bytes = rest.iter().take_while(|byte| b" \t\n\r".contains(byte)).count();
            spaces.push((place, &rest[..bytes]));
            *rest = &rest[bytes..];
        };
        let next = |rest: &mut &'a [u8]| {
            let (&byte, others) = rest.split_first()?;
            *rest = others;
            Some(byte)
        };
        let (mut rows, mut columns, mut cells) = (0, None, Vec::new());
        space(&mut rest, 0);
        loop {
            if next(&mut rest)? != b'[' {
                return None;
            }
            space(&mut rest, 1);
            loop {
                let digit = next(&mut rest)?;
                cells.push(digit.is_ascii_digit().then(|| digit - b'0')?);
                let end = rest.iter().find(|byte| !b" \t\n\r".contains(byte))?;
                space(&mut rest, if *end == b',' { 2 } else { 4 });
                match next(&mut rest)? {
                    b',' => space(&mut rest, 3),
                    b']' => break,
                    _ => return None,
                }
            }
            rows += 1;
            if cells.len() != rows * *columns.get_or_insert(cells.len()) {
                return None;
            }
            let end = rest.iter().find(|byte| !b" \t\n\r".contains(byte))?;
            space(&mut rest, if *end == b',' { 5 } else { 7 });
            match next(&mut rest)? {
                b',' => space(&mut rest, 6),
                b']' => break,
                _ => return None,
            }
        }
        if spaces.iter().any(|(_, space)| space.len() > MOST_SPACE_BYTES) {
            return None;
        }
        let grid = Grid::new(rows, columns?, cells).ok()?;
        Some(Self { grid, bytes: text.len() - rest.len(), spaces })
    }

    /// Whether white space stands in it as in the grids before, and in one way.
    fn fits(&self, spaces: &[Option<&[u8]>; 8]) -> bool {
        let mut own = *spaces;
        self.spaces.iter().all(|&(place, space)| *own[place].get_or_insert(space) == space)
    }
}

/// A grid as it stands in a file.
fn write_grid(grid: &Grid, spaces: &Spaces, file: &mut Vec<u8>) {
    file.push(b'[');
    file.extend(&spaces[0]);
    for row in 0..grid.rows() {
        if row > 0 {
            file.extend([&spaces[5], &b","[..], &spaces[6]].concat());
        }
        file.push(b'[');
        file.extend(&spaces[1]);
        for column in 0..grid.columns() {
            if column > 0 {
                file.extend([&spaces[2], &b","[..], &spaces[3]].concat());
            }
            file.push(b'0' + grid.get(row, column));
        }
        file.extend(&spaces[4]);
        file.push(b']');
    }
    file.extend(&spaces[7]);
    file.push(b']');
}

/// A grid as a form has it: a line of digits a row, and one more line break.
fn write_cells(grid: &Grid, text: &mut Vec<u8>) {
    for row in grid.cells().chunks(grid.columns()) {
        text.extend(row.iter().map(|cell| b'0' + cell));
        text.push(b'\n');
    }
    text.push(b'\n');
}

fn read_cells(text: &[u8]) -> Option<Vec<Grid>> {
    let mut grids = Vec::new();
    let mut rows: Vec<Vec<u8>> = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\n")? {
            [] => grids.push(Grid::from_rows(&std::mem::take(&mut rows)).ok()?),
            row => rows.push(row.iter().map(|digit| digit.wrapping_sub(b'0')).collect()),
        }
    }
    rows.is_empty().then_some(grids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::parse_puzzles;
    use proptest::prelude::*;

    const TASK: &str = r#"{"train":[{"input":[[1,2],[0,3]],"output":[[2,1],[3,0]]},{"input":[[1,2],[0,3]],"output":[[1,2],[0,3]]}],"test":[{"input":[[4]]},{"input":[[5,5]]}]}"#;

    /// The puzzle of a file, with answers that need not be those in the file.
    fn decoded(content: &str) -> Puzzle {
        let answer = |cells: &[u8]| Grid::new(1, cells.len(), cells.to_vec()).unwrap();
        let mut puzzle = parse_puzzles("a.json", "a", content.as_bytes()).unwrap().remove(0);
        puzzle.solutions = Some(puzzle.test.iter().zip([[7, 7], [5, 5]]).map(|(_, cells)| answer(&cells)).collect());
        puzzle
    }

    /// What the form of a file takes, after the file has come back.
    fn bytes(content: &str) -> Option<usize> {
        let decoded = decoded(content);
        assert_eq!(has_form(content.as_bytes(), &decoded), encode(content.as_bytes(), &decoded).is_some(), "{content}");
        let section = encode(content.as_bytes(), &decoded)?;
        let written = decode(Some(section.as_slice()).filter(|section| !section.is_empty()), &decoded).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), content);
        Some(section.len())
    }

    #[test]
    fn common_writings_cost_a_byte_at_most() {
        assert_eq!(bytes(&format!("{TASK}\n")), Some(0));
        assert_eq!(bytes(TASK), Some(1));
        let spaced = TASK.replace(',', ", ").replace(':', ": ");
        assert_eq!(bytes(&spaced), Some(1));
        let answered = spaced.replace("[[4]]", r#"[[4]], "output": [[7, 7]]"#);
        assert_eq!(bytes(&answered.replace("[[5, 5]]", r#"[[5, 5]], "output": [[5, 5]]"#)), Some(1), "as implied");
    }

    #[test]
    fn every_other_writing_comes_back() {
        let value: serde_json::Value = serde_json::from_str(TASK).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let given = |output: &str| TASK.replace("[[4]]", &format!(r#"[[4]],"output":{output}"#));
        let both = |output: &str| {
            given(output).replace(r#"{"input":[[5,5]]}"#, &format!(r#"{{"input":[[5,5]],"output":{output}}}"#))
        };
        for (content, most) in [
            (pretty.clone(), 40),
            (pretty.replace('\n', "\r\n"), 60),
            (format!("\u{feff}{TASK}"), 16),
            (format!("{{\"00576224\":{TASK}}}\n"), 20),
            (format!("\n{TASK}\n\n"), 12),
            (both("[[7,2]]"), 20),
            (both("[[5,5]]"), 20),
            (TASK.replacen('{', r#"{"name":"keep \u0041 [[1,2],[0,3]] me","train\n":1.0e0,"#, 1), 70),
            (
                TASK.replace(r#""input":[[4]]"#, r#""output":[[7,7]],"input":[[4]]"#)
                    .replace("[[5,5]]", r#"[[5,5]],"output":[[1]]"#),
                30,
            ),
            (TASK.replace(r#""test""#, r#""note":[[[9]],[[8,8],[7]],-0],"test""#), 40),
        ] {
            let found = bytes(&content);
            assert!(found.is_some_and(|found| found <= most), "{found:?} bytes for {content}");
        }
        let (train, test) = TASK[1..TASK.len() - 1].split_once(r#","test""#).unwrap();
        assert!(bytes(&format!(r#"{{"test"{test},{train}}}"#)).is_some_and(|found| found <= 16));
    }

    #[test]
    fn grids_written_in_two_ways_have_no_form() {
        assert_eq!(bytes(&TASK.replacen("[[1,2],", "[[1 ,2],", 1)), None);
        assert_eq!(bytes(&TASK.replace("[[4]]", &format!("[[{}4]]", " ".repeat(MOST_SPACE_BYTES + 1)))), None);
        let long = format!(r#"{{"text":"{}",{}"#, "x".repeat(primed::MOST_TEXT_BYTES), &TASK[1..]);
        assert!(!has_form(long.as_bytes(), &decoded(&long)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_form_is_written_within_bounds_or_refused(
            spaces in prop::array::uniform8("[ \n\t]{0,2}"),
            marked in prop::collection::vec(0u8..9, 0..40),
            given in "[0-9\n]{0,12}",
        ) {
            let text = [spaces.join("\0").as_bytes(), &[END], &marked, &[END], given.as_bytes()].concat();
            if let Ok(written) = Form::from_text(&text).and_then(|form| form.write(&decoded(TASK))) {
                prop_assert!(written.len() < 40 + 10 * 4 * 40);
            }
        }

        #[test]
        fn any_section_is_read_or_refused(section: Vec<u8>) {
            let _: Result<Vec<u8>, CodeError> = decode(Some(&section), &decoded(TASK));
        }
    }
}
