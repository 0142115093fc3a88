//! What the bytes so far say, if they are text: words, characters, shapes, lines, markup.
//!
//! In: one byte after the other, of any kind. Out: fields that contexts are made of. Nothing here knows a language: letters
//! are those of ASCII and everything beyond it, and other scripts are read as UTF-8 where they are.

/// One hash of two; the multipliers are odd constants of the golden ratio and of a splitmix finaliser.
#[inline]
pub fn combine(a: u64, b: u64) -> u64 {
    let mixed = (a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ mixed >> 29
}

/// What kind of byte, of 16.
pub fn class(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        b' ' => 4,
        b'\n' | b'\r' => 5,
        b'\t' => 6,
        b'.' | b'!' | b'?' => 7,
        b',' | b';' | b':' => 8,
        b'"' | b'\'' | b'`' => 9,
        b'(' | b'[' | b'{' | b'<' => 10,
        b')' | b']' | b'}' | b'>' => 11,
        0..=31 => 12,
        0x80..=0xbf => 13,
        0xc0..=0xdf => 14,
        0xe0.. => 15,
        _ => 0,
    }
}

/// The most open brackets that are remembered.
const DEEPEST: usize = 64;

/// The places of a table of successors, a power of two.
const SUCCESSORS: usize = 1 << 16;

/// The state of the text.
#[derive(Debug)]
pub struct Text {
    bytes: Vec<u8>,
    /// The last eight bytes, the last lowest.
    pub last: u64,
    /// The classes of the last 16 bytes, four bits each.
    pub classes: u64,
    /// The last eight runs of one kind, eight bits each: letters, capitals, digits, other scripts, spaces; each other
    /// byte is a run of its own.
    pub shape: u64,
    pub words: Words,
    pub characters: Characters,
    pub line: Line,
    pub markup: Markup,
    pub successors: Successors,
}

/// Words: runs of letters, capitals taken as small.
#[derive(Debug, Default)]
pub struct Words {
    /// Hashes of the word so far (0 between words) and of the two before it.
    pub hashes: [u64; 3],
    /// The bytes of the word so far.
    pub length: usize,
    /// Its last four bytes.
    pub suffix: u64,
    /// The last byte that is neither letter, digit nor space.
    pub punctuation: u8,
}

/// Unicode characters, as far as the bytes are UTF-8; another byte counts as a character.
#[derive(Debug, Default)]
pub struct Characters {
    /// The last whole ones.
    pub last: [u32; 2],
    /// The bits so far of one that is not whole.
    pub partial: u32,
    /// The bytes that it still needs.
    pub needed: u32,
}

/// Lines and columns.
#[derive(Debug, Default)]
pub struct Line {
    start: usize,
    previous_start: usize,
    /// The length of the line before, in bytes.
    pub previous_length: usize,
    /// The first byte that is not a space, or 0.
    pub first: u8,
    indenting: bool,
    /// The hash of the first word.
    pub first_word: u64,
}

/// Tags, quotes and brackets.
#[derive(Debug, Default)]
pub struct Markup {
    /// The hash of the name of the last tag, and of the one before.
    pub tags: [u64; 2],
    /// Whether a tag is open.
    pub in_tag: bool,
    /// Whether its name still goes on.
    in_name: bool,
    /// Whether a double quote is open on this line.
    pub quoted: bool,
    brackets: Vec<u8>,
}

/// What came after contexts before: the last four bytes that followed.
#[derive(Debug)]
pub struct Successors {
    after_one: Vec<u32>,
    after_two: Vec<u32>,
    after_three: Vec<u32>,
    after_word: Vec<u32>,
    word_place: usize,
}

impl Text {
    /// Before the first byte.
    pub fn new() -> Self {
        Self {
            bytes: Vec::new(),
            last: 0,
            classes: 0,
            shape: 0,
            words: Words::default(),
            characters: Characters::default(),
            line: Line { indenting: true, ..Line::default() },
            markup: Markup::default(),
            successors: Successors::new(),
        }
    }

    /// Goes on by a byte.
    pub fn push(&mut self, byte: u8) {
        self.successors.push(self.last, byte);
        self.bytes.push(byte);
        self.last = self.last << 8 | u64::from(byte);
        self.classes = self.classes << 4 | u64::from(class(byte));
        let run = run_kind(byte);
        if run > 5 || self.shape & 0xff != u64::from(run) {
            self.shape = self.shape << 8 | u64::from(run);
        }
        self.characters.push(byte);
        let word_ended = self.words.push(byte);
        self.successors.word_place = place(combine(self.words.hashes[0], self.words.hashes[1]));
        self.markup.push(byte);
        self.line.push(byte, self.bytes.len(), word_ended.unwrap_or(0));
        if byte == b'\n' {
            self.markup.quoted = false;
            if self.byte(2) == b'\n' {
                self.words.punctuation = 0;
            }
        }
    }

    /// All bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The byte `back` places back, from 1 to 8; 0 before the first.
    pub fn byte(&self, back: u32) -> u8 {
        (self.last >> (8 * (back - 1))) as u8
    }

    /// The last `count` bytes, up to 8.
    pub fn bytes_back(&self, count: u32) -> u64 {
        self.last & u64::MAX >> (64 - 8 * count)
    }

    /// The bytes since the line began.
    pub fn column(&self) -> usize {
        self.bytes.len() - self.line.start
    }

    /// The byte of the line before that stands above the next one, or above one `right` of it; a line feed beyond its end.
    pub fn above(&self, right: usize) -> u8 {
        let index = self.line.previous_start + self.column() + right;
        if index < self.line.start { self.bytes[index] } else { b'\n' }
    }
}

/// The kind of run that a byte belongs to; above 5, one of its own.
fn run_kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        b'0'..=b'9' => 3,
        0x80.. => 4,
        b' ' => 5,
        _ => 6 + (byte & 63),
    }
}

impl Words {
    /// The hash of the word that ends with this byte, if one does.
    fn push(&mut self, byte: u8) -> Option<u64> {
        let lower = byte.to_ascii_lowercase();
        if lower.is_ascii_lowercase() || byte >= 0x80 {
            self.hashes[0] = combine(self.hashes[0].wrapping_add(1), u64::from(lower));
            self.length += 1;
            self.suffix = (self.suffix << 8 | u64::from(lower)) & 0xffff_ffff;
            return None;
        }
        let ended = (self.length > 0).then_some(self.hashes[0]);
        if ended.is_some() {
            self.hashes = [0, self.hashes[0], self.hashes[1]];
            self.length = 0;
            self.suffix = 0;
        }
        if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'0'..=b'9') {
            self.punctuation = byte;
        }
        ended
    }
}

impl Characters {
    fn push(&mut self, byte: u8) {
        if self.needed > 0 && byte & 0xc0 == 0x80 {
            self.partial = self.partial << 6 | u32::from(byte & 0x3f);
            self.needed -= 1;
            if self.needed == 0 {
                self.complete(self.partial);
            }
        } else if (0xc2..0xf5).contains(&byte) {
            self.needed = if byte < 0xe0 {
                1
            } else if byte < 0xf0 {
                2
            } else {
                3
            };
            self.partial = u32::from(byte & (0x3f >> self.needed));
        } else {
            self.needed = 0;
            self.complete(u32::from(byte));
        }
    }

    fn complete(&mut self, character: u32) {
        self.last = [character, self.last[0]];
        self.partial = 0;
    }

    /// What is known of the character under way.
    pub fn under_way(&self) -> u64 {
        u64::from(self.partial) << 2 | u64::from(self.needed)
    }
}

impl Line {
    fn push(&mut self, byte: u8, end: usize, word_ended: u64) {
        if self.first_word == 0 {
            self.first_word = word_ended;
        }
        if byte == b'\n' {
            *self = Self {
                start: end,
                previous_start: self.start,
                previous_length: end - self.start,
                indenting: true,
                ..Self::default()
            };
        } else if self.indenting && !matches!(byte, b' ' | b'\t') {
            self.indenting = false;
            self.first = byte;
        }
    }
}

impl Markup {
    fn push(&mut self, byte: u8) {
        let lower = u64::from(byte.to_ascii_lowercase());
        match byte {
            b'<' => {
                self.tags = [0, self.tags[0]];
                (self.in_tag, self.in_name) = (true, true);
            }
            b'>' => self.in_tag = false,
            _ if self.in_tag && self.in_name => {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'!') {
                    self.tags[0] = combine(self.tags[0], lower);
                } else {
                    self.in_name = false;
                }
            }
            _ => {}
        }
        match byte {
            b'(' | b'[' | b'{' if self.brackets.len() < DEEPEST => self.brackets.push(byte),
            b')' | b']' | b'}' => {
                self.brackets.pop();
            }
            b'"' => self.quoted = !self.quoted,
            _ => {}
        }
    }

    /// The innermost open bracket, or 0.
    pub fn bracket(&self) -> u8 {
        self.brackets.last().copied().unwrap_or(0)
    }
}

fn place(hash: u64) -> usize {
    (hash >> 20) as usize & (SUCCESSORS - 1)
}

impl Successors {
    fn new() -> Self {
        let table = || vec![0; SUCCESSORS];
        Self { after_one: vec![0; 256], after_two: table(), after_three: table(), after_word: table(), word_place: 0 }
    }

    fn push(&mut self, last: u64, byte: u8) {
        let [one, two, three] = Self::places(last);
        let word = self.word_place;
        for successor in [
            &mut self.after_one[one],
            &mut self.after_two[two],
            &mut self.after_three[three],
            &mut self.after_word[word],
        ] {
            *successor = *successor << 8 | u32::from(byte);
        }
    }

    fn places(last: u64) -> [usize; 3] {
        [last as usize & 0xff, last as usize & 0xffff, place(combine(last & 0xff_ffff, 7))]
    }

    /// The last four bytes, the last lowest, that came after the last one, two and three bytes and after the last two
    /// words, before now.
    pub fn of(&self, last: u64) -> [u64; 4] {
        let [one, two, three] = Self::places(last);
        [self.after_one[one], self.after_two[two], self.after_three[three], self.after_word[self.word_place]]
            .map(u64::from)
    }
}

#[cfg(test)]
mod tests;
