//! The tables of the matrices' experiment.
//!
//! In: [`Measures`] of each code and seed. Out: text in two Markdown tables, means over seeds with 95% intervals (Student's t).

use super::{BudgetMeasures, EDITED_SHARES, Measures, OVERLAPS};
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::fmt::Write;

/// Share of the distribution that the interval covers.
const COVERED: f64 = 0.95;

/// What a column shows of a code's measures; none where the code has no such thing.
type Column = (String, usize, Box<dyn Fn(&Measures) -> Option<f64>>);

/// Both tables: finding again, and what the codes are like.
pub fn experiment_tables(measures: &[Measures]) -> String {
    let mut finding: Vec<Column> = Vec::new();
    for (index, share) in EDITED_SHARES.iter().enumerate() {
        let percent = 100.0 * share;
        let by_digits = move |m: &Measures| m.recall_by_digits.as_ref().map(|recalls| recalls[index]);
        finding.push((format!("digits {percent:.0}%"), 4, Box::new(by_digits)));
    }
    for (index, share) in EDITED_SHARES.iter().enumerate() {
        let percent = 100.0 * share;
        finding.push((format!("Hamming {percent:.0}%"), 4, Box::new(move |m| Some(m.recall_by_hamming[index]))));
    }
    for (index, overlap) in
        OVERLAPS.iter().enumerate().filter(|_| measures.iter().any(|one| one.real_by_hamming.is_some()))
    {
        let by_digits = move |m: &Measures| m.real_by_digits.as_ref().map(|recalls| recalls[index]);
        let by_hamming = move |m: &Measures| m.real_by_hamming.as_ref().map(|recalls| recalls[index]);
        finding.push((format!("real, digits {overlap}"), 3, Box::new(by_digits)));
        finding.push((format!("Hamming {overlap}"), 3, Box::new(by_hamming)));
    }
    finding.push(("AUC digits".into(), 3, Box::new(|m| m.auc_by_digits)));
    finding.push(("AUC Hamming".into(), 3, Box::new(|m| Some(m.auc_by_hamming))));
    let nature: Vec<Column> = vec![
        ("cosine within".into(), 3, Box::new(|m| Some(m.cosine_within))),
        ("cosine between".into(), 3, Box::new(|m| Some(m.cosine_between))),
        ("alignment error, digits".into(), 2, Box::new(|m| Some(m.alignment_error))),
        ("BLEU".into(), 1, Box::new(|m| m.bleu)),
        ("entropy, bits a digit".into(), 3, Box::new(|m| Some(m.digit_entropy))),
        ("of a cell".into(), 3, Box::new(|m| Some(m.cell_entropy))),
        ("distinct digits".into(), 2, Box::new(|m| Some(m.distinct_digits))),
        ("bits a group".into(), 1, Box::new(|m| Some(m.bits_per_group))),
        ("fit, ms a group".into(), 1, Box::new(|m| Some(m.fit_milliseconds))),
        ("query, ms".into(), 2, Box::new(|m| Some(m.query_milliseconds))),
    ];
    format!(
        "Recall@1 of the original by share of words edited, and AUC of pairs\n\n{}\n{}",
        table(measures, &finding),
        table(measures, &nature)
    )
}

/// The table of a sweep over budgets.
pub fn budget_table(measures: &[BudgetMeasures]) -> String {
    let mut text = String::from("| budget, bits a group | sent | files, bytes | of that digits |");
    for share in EDITED_SHARES {
        let _ = write!(text, " recall {:.0}% |", 100.0 * share);
    }
    text.push_str("\n| --- | --- | --- | --- |");
    text.push_str(&" --- |".repeat(EDITED_SHARES.len()));
    text.push('\n');
    for one in measures {
        let percent = 100.0 * one.digits_bytes as f64 / one.file_bytes.max(1) as f64;
        let _ = write!(text, "| {} | {:.1} | {} | {percent:.1}% |", one.budget_bits, one.sent_bits, one.file_bytes);
        for recall in &one.recall_by_digits {
            let _ = write!(text, " {recall:.3} |");
        }
        text.push('\n');
    }
    text
}

fn table(measures: &[Measures], columns: &[Column]) -> String {
    let mut codes: Vec<&str> = Vec::new();
    for one in measures {
        if !codes.contains(&one.code) {
            codes.push(one.code);
        }
    }
    let mut text = String::from("| code |");
    for (name, _, _) in columns {
        let _ = write!(text, " {name} |");
    }
    text.push_str("\n| --- |");
    text.push_str(&" --- |".repeat(columns.len()));
    text.push('\n');
    for code in codes {
        let _ = write!(text, "| {code} |");
        for (_, digits, value) in columns {
            let values: Vec<f64> = measures.iter().filter(|one| one.code == code).filter_map(value).collect();
            let _ = write!(text, " {} |", with_interval(&values, *digits));
        }
        text.push('\n');
    }
    text
}

/// `mean ± half width`, the mean alone of a single value, a dash of none.
fn with_interval(values: &[f64], digits: usize) -> String {
    let count = values.len() as f64;
    if values.is_empty() {
        return "–".into();
    }
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    match StudentsT::new(0.0, 1.0, count - 1.0) {
        Ok(student) => {
            let half = student.inverse_cdf(0.5 + 0.5 * COVERED) * (variance / count).sqrt();
            format!("{mean:.digits$} ± {half:.digits$}")
        }
        Err(_) => format!("{mean:.digits$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_students() {
        // 4.303 is the 97.5th percentile of t with 2 degrees of freedom; the standard error of 1, 2, 3 is 1 / √3.
        assert_eq!(with_interval(&[1.0, 2.0, 3.0], 2), "2.00 ± 2.48");
        assert_eq!(with_interval(&[1.0], 1), "1.0");
        assert_eq!(with_interval(&[], 1), "–");
    }
}
