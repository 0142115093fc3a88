//! How much of a text another one says: corpus BLEU (Papineni and others 2002), with the tokens and the smoothing of sacrebleu
//! (Post 2018), so that numbers can be held against others'.
//!
//! In: pairs of texts, what is said and what is meant. Out: a score from 0 to 100. The crate `bleuscore` has no Chinese
//! tokens and not this smoothing. Letter case counts; who doesn't want that gives both texts in small letters.

use crate::data::article::is_ideograph;
use std::collections::HashMap;

/// Longest n-grams that are compared.
const LONGEST: usize = 4;

/// How a text becomes tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokenisation {
    /// sacrebleu's `13a`, that of mteval-v13a: marks stand alone, but for points and commas in numbers.
    Spaced,
    /// sacrebleu's `zh`: every Chinese character stands alone too.
    Chinese,
}

impl Tokenisation {
    /// Chinese where at least half of the letters are ideographs.
    pub fn of(text: &str) -> Self {
        let letters = text.chars().filter(|c| c.is_alphabetic());
        let (ideographs, all) =
            letters.fold((0, 0), |(ideographs, all), c| (ideographs + usize::from(is_ideograph(c)), all + 1));
        if all > 0 && 2 * ideographs >= all { Self::Chinese } else { Self::Spaced }
    }

    /// The tokens of `text`.
    fn tokens(self, text: &str) -> Vec<String> {
        let line = match self {
            Self::Spaced => {
                let line = text.trim_end().replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
                let line = line.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
                format!(" {line} ")
            }
            Self::Chinese => {
                let alone = |c: char| if stands_alone(c) { format!(" {c} ") } else { c.to_string() };
                text.trim().chars().map(alone).collect()
            }
        };
        let mark = |c: char| matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/');
        let line: String = line.chars().map(|c| if mark(c) { format!(" {c} ") } else { c.to_string() }).collect();
        let stop = |c: char| matches!(c, '.' | ',');
        let line = part(&line, |a, b| !a.is_ascii_digit() && stop(b), ["", " ", " "]);
        let line = part(&line, |a, b| stop(a) && !b.is_ascii_digit(), [" ", " ", ""]);
        let line = part(&line, |a, b| a.is_ascii_digit() && b == '-', ["", " ", " "]);
        line.split_whitespace().map(str::to_owned).collect()
    }
}

/// Puts `spaces` before, between and after each two characters that `apart` names; pairs don't overlap.
fn part(line: &str, apart: impl Fn(char, char) -> bool, [before, between, after]: [&str; 3]) -> String {
    let mut parted = String::with_capacity(2 * line.len());
    let mut characters = line.chars().peekable();
    while let Some(a) = characters.next() {
        match characters.next_if(|&b| apart(a, b)) {
            Some(b) => {
                for text in [before, a.encode_utf8(&mut [0; 4]), between, b.encode_utf8(&mut [0; 4]), after] {
                    parted.push_str(text);
                }
            }
            None => parted.push(a),
        }
    }
    parted
}

/// The characters that sacrebleu takes for Chinese. Two of its ranges were meant for characters beyond U+FFFF, but are
/// compared as text, which makes them U+2001–U+2A6D (dashes and quotes among them) and U+2F81–U+2FA1.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{2001}'..='\u{2a6d}' | '\u{2e80}'..='\u{2fdf}' | '\u{2ff0}'..='\u{303f}' | '\u{3100}'..='\u{312f}'
        | '\u{31a0}'..='\u{31bf}' | '\u{31c0}'..='\u{31ef}' | '\u{3200}'..='\u{4db5}' | '\u{4e00}'..='\u{9fbb}'
        | '\u{f900}'..='\u{fa2d}' | '\u{fa30}'..='\u{fa6a}' | '\u{fa70}'..='\u{fad9}' | '\u{fe10}'..='\u{fe1f}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}')
}

/// The n-grams of all pairs so far.
#[derive(Clone, Debug, Default)]
pub struct Bleu {
    matches: [u64; LONGEST],
    said: [u64; LONGEST],
    said_tokens: u64,
    meant_tokens: u64,
}

impl Bleu {
    /// Adds a pair.
    pub fn add(&mut self, said: &str, meant: &str, tokenisation: Tokenisation) {
        let [said, meant] = [said, meant].map(|text| tokenisation.tokens(text));
        self.said_tokens += said.len() as u64;
        self.meant_tokens += meant.len() as u64;
        for length in 1..=LONGEST {
            let mut left: HashMap<&[String], u64> = HashMap::new();
            for gram in meant.windows(length) {
                *left.entry(gram).or_default() += 1;
            }
            for gram in said.windows(length) {
                self.said[length - 1] += 1;
                if let Some(left) = left.get_mut(gram).filter(|left| **left > 0) {
                    *left -= 1;
                    self.matches[length - 1] += 1;
                }
            }
        }
    }

    /// The score, 0–100: the geometric mean of the shares of n-grams that are right, less for brevity. A length of which none
    /// is right counts as half a right one, the next such length as a quarter (Chen and Cherry 2014, method 3).
    pub fn score(&self) -> f64 {
        if self.matches[0] == 0 || self.said[LONGEST - 1] == 0 {
            return 0.0;
        }
        let mut smallest = 1.0;
        let mut logs = 0.0;
        for (&matches, &said) in self.matches.iter().zip(&self.said) {
            let right = if matches > 0 {
                matches as f64
            } else {
                smallest /= 2.0;
                smallest
            };
            logs += (right / said as f64).ln();
        }
        let brevity = (1.0 - self.meant_tokens as f64 / self.said_tokens as f64).min(0.0);
        100.0 * (brevity + logs / LONGEST as f64).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::article::{Article, GroupSettings};
    use crate::fit::matrices::MatrixSettings;
    use crate::go_on;
    use crate::pipeline::collection::Collection;

    const SPACED: [(&str, &str, f64); 4] = [
        ("the white rabbit ran down the hole", "the White Rabbit ran, down the deep hole.", 10.759_051_250_985_632),
        (
            "it costs $1,234.5 -- not 3-4 (or 7.), \"sure\"",
            "It costs $1,234.50, not 3-4 (or 7.) &quot;sure&quot;",
            57.305_740_437_986_92,
        ),
        ("don't e.g. stop... now,then", "Don't (e.g.) stop... now, then!", 57.233_206_643_461_75),
        ("кролик бежал по саду", "Кролик быстро бежал по саду.", 36.064_528_799_877_89),
    ];

    const CHINESE: [(&str, &str, f64); 3] = [
        ("信息压缩技术把文章拆分", "信息压缩技术，把文章拆分成多段信息组。", 39.300_129_554_393_976),
        ("tar 是一个程序 3.5 版", "tar 是“一个” GNU 程序（3.5 版）——很好", 7.171_440_264_641_482_5),
        ("道可道非常道 名可名", "道可道，非常道。名可名，非常名。", 18.586_225_884_807_387),
    ];

    fn score(pairs: &[(&str, &str, f64)], tokenisation: Tokenisation) -> f64 {
        let mut bleu = Bleu::default();
        for (said, meant, _) in pairs {
            bleu.add(said, meant, tokenisation);
        }
        bleu.score()
    }

    /// The scores are those of sacrebleu 2.6.0, `BLEU(tokenize=…).corpus_score(said, [meant])` with "13a" and "zh", of each
    /// pair alone and of all.
    #[test]
    fn scores_are_those_of_sacrebleu() {
        for (pairs, tokenisation, all) in [
            (&SPACED[..], Tokenisation::Spaced, 46.779_722_067_301_86),
            (&CHINESE[..], Tokenisation::Chinese, 23.302_333_613_577_726),
        ] {
            for pair in pairs {
                let got = score(&[*pair], tokenisation);
                assert!((got - pair.2).abs() < 1e-9, "{}: {got}, not {}", pair.0, pair.2);
            }
            let got = score(pairs, tokenisation);
            assert!((got - all).abs() < 1e-9, "{got}, not {all}");
        }
    }

    #[test]
    fn a_text_says_all_of_itself_and_nothing_says_nothing() {
        let text = "one two three four, five.";
        assert!((score(&[(text, text, 0.0)], Tokenisation::Spaced) - 100.0).abs() < 1e-9);
        assert_eq!(score(&[("", text, 0.0)], Tokenisation::Spaced), 0.0);
        assert_eq!(score(&[("six seven eight nine", text, 0.0)], Tokenisation::Spaced), 0.0);
        assert_eq!(Bleu::default().score(), 0.0);
    }

    #[test]
    fn chinese_is_known_by_its_letters() {
        assert_eq!(Tokenisation::of("tar 是一个程序"), Tokenisation::Chinese);
        assert_eq!(Tokenisation::of("Не паникуй, 42"), Tokenisation::Spaced);
        assert_eq!(Tokenisation::of("--- 12"), Tokenisation::Spaced);
    }

    #[test]
    fn a_lossy_text_has_its_group_s_words_in_an_order_like_its_group_s() {
        let sentence = |i: usize| {
            ["Rabbits and their gardens, hedges and carrots: plenty of everything was there in those days, number",
             "兔子和它们的花园、树篱和胡萝卜，那时候那里什么都有，兔子们都很高兴，信息压缩技术把文章拆分成多段信息组，每个信息组包括标题和片段内容，第",
             "A queen shouted loudly for heads, hearts, tarts; nobody listened except one small cook with pepper, guest"]
                [i % 3].to_owned() + &format!(" {i}{}. ", i * 37)
        };
        let text: String = (0..24).map(sentence).collect();
        let article = Article::read(text.as_bytes(), None, GroupSettings::default()).unwrap();
        let settings = MatrixSettings { steps: 100, ..MatrixSettings::default() };
        let articles = [article];
        let collection = Collection::new(&articles, &settings);
        let said = collection.lossy_texts(&collection.fit(&settings, go_on).unwrap());
        assert_eq!(said.len(), collection.groups.len());
        let mut bleu = Bleu::default();
        let mut shifted = bleu.clone();
        for (index, (said, group)) in said.iter().zip(&collection.groups).enumerate() {
            let other = &collection.groups[(index + 1) % collection.groups.len()];
            for (bleu, meant) in [(&mut bleu, &group.text), (&mut shifted, &other.text)] {
                let meant = crate::data::article::counted(meant);
                bleu.add(said, &meant, Tokenisation::of(&meant));
            }
        }
        assert!(bleu.score() > 10.0 && bleu.score() > 3.0 * shifted.score(), "{bleu:?} {shifted:?} {said:?}");
    }
}
