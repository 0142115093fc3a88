//! Tables as CSV, for spreadsheets and scripts: the one place that writes it.
//!
//! In: headings and rows. Out: RFC 4180 with bare line feeds. A text that a spreadsheet would take for a formula gets an
//! apostrophe before it; numbers are numbers.

use csv::{Terminator, WriterBuilder};
use std::borrow::Cow;

/// A table of so many rows; each as long as the headings.
pub fn sheet<Row>(headings: &[impl AsRef<str>], rows: impl IntoIterator<Item = Row>) -> String
where
    Row: IntoIterator,
    Row::Item: AsRef<[u8]>,
{
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    let headings = headings.iter().map(|heading| heading.as_ref().as_bytes());
    let written = writer.write_record(headings);
    let written = rows.into_iter().fold(written, |written, row| written.and_then(|()| writer.write_record(row)));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok());
    let bytes = bytes.unwrap_or_else(|| unreachable!("rows are as long as their headings, and memory takes them all"));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text as a cell that no spreadsheet computes (OWASP, "CSV injection"): one that begins like a formula gets an apostrophe.
pub fn text_cell(text: &str) -> Cow<'_, str> {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_have_to_be() {
        let table = sheet(&["a", "b"], [["1,5", "say \"no\""], ["two\nlines", "plain"]]);
        assert_eq!(table, "a,b\n\"1,5\",\"say \"\"no\"\"\"\n\"two\nlines\",plain\n");
        assert_eq!(sheet(&["a"], Vec::<[&str; 1]>::new()), "a\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for formula in ["=1+1", "+1", "-1+2", "@SUM(A1)", "\tx", "\rx"] {
            assert_eq!(text_cell(formula), format!("'{formula}"));
        }
        for text in ["a=1", "007", "'quoted", ""] {
            assert_eq!(text_cell(text), text);
        }
    }
}
