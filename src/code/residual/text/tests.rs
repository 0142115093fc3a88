//! What the text's fields promise to the contexts.

use super::*;

fn text(bytes: &[u8]) -> Text {
    let mut text = Text::new();
    for &byte in bytes {
        text.push(byte);
    }
    text
}

#[test]
fn a_word_is_the_same_in_capitals_and_is_remembered_after_its_end() {
    let [small, capital] = [b"see the rabbit", b"See THE Rabbit"].map(|bytes| text(bytes).words);
    assert_eq!(small.hashes, capital.hashes);
    assert_eq!((small.length, small.suffix), (6, u64::from(u32::from_be_bytes(*b"bbit"))));
    let ended = text(b"see the rabbit, ").words;
    assert_eq!(ended.hashes, [0, small.hashes[0], small.hashes[1]]);
    assert_eq!((ended.length, ended.suffix, ended.punctuation), (0, 0, b','));
    assert_ne!(text(b"rabbit").words.hashes[0], text(b"rabbits").words.hashes[0]);
    assert_eq!(text(b"one.\n\n").words.punctuation, 0, "a paragraph forgets what ended the one before");
}

#[test]
fn characters_are_those_of_utf_8_and_other_bytes_are_their_own() {
    let characters = text("aé兔🐇".as_bytes()).characters;
    assert_eq!(characters.last, ['🐇' as u32, '兔' as u32]);
    assert_eq!(characters.under_way(), 0);
    let cut = text(&"兔".as_bytes()[..2]).characters;
    assert_eq!((cut.needed, cut.under_way()), (1, u64::from('兔' as u32 >> 6) << 2 | 1));
    assert_eq!(text(b"\xe5a\xff").characters.last, [0xff, u32::from(b'a')], "a lead without its bytes is left");
}

#[test]
fn lines_know_what_stands_above() {
    let lines = text(b"first line\n  two");
    assert_eq!((lines.column(), lines.line.previous_length, lines.line.first), (5, 11, b't'));
    assert_eq!((lines.above(0), lines.above(1)), (b' ', b'l'));
    assert_eq!(lines.above(9), b'\n', "beyond the end of the line above");
    assert_eq!(text(b"\n\nfirst line").line.first_word, text(b"first ").words.hashes[1]);
}

#[test]
fn tags_quotes_and_brackets_are_opened_and_closed() {
    let open = text(b"<P class=\"a\">(x[1, <b");
    assert_eq!(open.markup.tags, [combine(0, u64::from(b'b')), combine(0, u64::from(b'p'))]);
    assert!(open.markup.in_tag && !open.markup.quoted);
    assert_eq!(open.markup.bracket(), b'[');
    assert_eq!(text(b"(x[1]").markup.bracket(), b'(');
    assert_eq!(text(b")))").markup.bracket(), 0);
    assert!(text(b"say \"no").markup.quoted && !text(b"say \"no\n").markup.quoted);
    let deep = text(&[vec![b'('; 2 * DEEPEST], vec![b')'; DEEPEST]].concat());
    assert_eq!(deep.markup.bracket(), 0, "no more than {DEEPEST} are remembered");
}

#[test]
fn successors_are_what_came_after_the_same_before() {
    let after = text(b"the cat, the dog, the ");
    let [one, two, three] =
        [after.successors.of(after.last)[0], after.successors.of(after.last)[1], after.successors.of(after.last)[2]];
    assert_eq!(three.to_be_bytes()[6..], *b"cd", "after 'he '");
    assert_eq!(two.to_be_bytes()[6..], *b"cd", "after 'e '");
    assert_eq!(one.to_be_bytes()[4..], *b"ctdt", "after a space");
    assert_eq!(text(b"x").successors.of(u64::from(b'x')), [0; 4]);
}

#[test]
fn shapes_are_runs_of_one_kind() {
    assert_eq!(text(b"Rabbits 1865").shape, text(b"Queen    7").shape);
    assert_ne!(text(b"ab, c").shape, text(b"ab; c").shape);
    assert_eq!(text(b"a.b").classes, 0x171);
}
