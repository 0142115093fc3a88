//! Titles and keywords from the words' own statistics in the article, without a list of any language's words.
//!
//! In: text, its words, the groups' ranges. Out: a [`Vocabulary`] that gives each group, and the article, its phrases.
//! A word tells the more the fewer groups have it (inverse group frequency) and the more its uses cluster; phrases are
//! words that stand together more often than by chance; names and terms, told by how they are written, go first.

use super::counted::{composed, counted};
use super::words::{Word, is_ideograph};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Words in more than this share of the groups are function words, unless they are names.
const COMMON_SHARE: f64 = 0.08;
/// Below this many groups, shares say nothing, and length decides alone.
const FEW_GROUPS: usize = 12;
/// Most words of a phrase.
const PHRASE_WORDS: usize = 3;
/// Keywords of a group, and of an article.
const GROUP_KEYWORDS: usize = 5;
const ARTICLE_KEYWORDS: usize = 20;
/// How much more a name or a term counts than a word.
const ENTITY_WEIGHT: f64 = 1.6;
/// How much more each further use in the article counts.
const REUSE_WEIGHT: f64 = 0.35;

/// Uses from which on their clustering says something; of fewer it doesn't.
const CLUSTERED_USES: usize = 6;
/// Standard deviations above chance at which a word's uses count as clustered, as they do for words of a topic.
const CLUSTERED: f64 = 1.5;

/// What is known of a word form.
#[derive(Default)]
struct Form {
    count: usize,
    groups: usize,
    /// Of the distances between uses, in words: sum, sum of squares; and the place of the last use.
    gaps: (f64, f64),
    last: usize,
    /// Uses within a sentence, and how many of these begin with a capital or are one.
    inside: usize,
    capital: usize,
    /// Uses with a capital inside, a digit or an underscore: a term of its own.
    term: usize,
    letters: usize,
    ideographs: bool,
}

/// A word of a group.
struct Use {
    word: Word,
    form: usize,
    /// Whether it stands directly after the one before: a space or, in unspaced scripts, nothing between.
    joined: bool,
}

/// The words of an article, group by group.
pub(super) struct Vocabulary<'a> {
    text: &'a str,
    forms: Vec<Form>,
    groups: Vec<Vec<Use>>,
    /// Uses in the article of neighbours that stand joined.
    pairs: HashMap<(usize, usize), usize>,
}

/// Which words may be in a phrase.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    /// Names, terms, and words that are neither common nor strewn at random.
    Telling,
    /// All but the shortest.
    Long,
}

/// A candidate for a title or keyword.
struct Phrase {
    key: Vec<usize>,
    range: Range<usize>,
    score: f64,
}

impl<'a> Vocabulary<'a> {
    /// Gathers the statistics of `words`, which are in order, over groups at `ranges`.
    pub fn new(text: &'a str, words: &[Word], ranges: &[Range<usize>]) -> Self {
        let mut indices: HashMap<String, usize> = HashMap::new();
        let mut vocabulary = Self { text, forms: Vec::new(), groups: Vec::new(), pairs: HashMap::new() };
        let mut words = words.iter().peekable();
        let mut before: Option<(usize, usize)> = None;
        let mut place = 0;
        for range in ranges {
            let mut uses: Vec<Use> = Vec::new();
            while let Some(word) = words.next_if(|word| word.range.start < range.end) {
                let written = &text[word.range.clone()];
                let form = *indices.entry(counted(written)).or_insert_with(|| {
                    vocabulary.forms.push(Form::default());
                    vocabulary.forms.len() - 1
                });
                let between = before.map_or("", |(end, _)| &text[end..word.range.start]);
                let joined = before.is_some() && is_joint(between);
                place += 1;
                vocabulary.forms[form].note(&composed(written), place, joined || !ends_sentence(between));
                if let (true, Some((_, previous))) = (joined, before) {
                    *vocabulary.pairs.entry((previous, form)).or_insert(0) += 1;
                }
                before = Some((word.range.end, form));
                uses.push(Use { word: word.clone(), form, joined: joined && !uses.is_empty() });
            }
            let distinct: HashSet<usize> = uses.iter().map(|one| one.form).collect();
            for form in distinct {
                vocabulary.forms[form].groups += 1;
            }
            vocabulary.groups.push(uses);
        }
        vocabulary
    }

    /// One or two telling phrases of a group.
    pub fn title(&self, group: usize) -> Option<String> {
        let phrases = self.choose(self.candidates(group, PHRASE_WORDS, Filter::Telling), 2);
        if phrases.is_empty() {
            // Nothing but function words: the first of them is better than nothing.
            let first = self.groups[group].iter().find(|one| one.word.letters).or(self.groups[group].first())?;
            return Some(self.text[first.word.range.clone()].to_owned());
        }
        Some(phrases.join(" · "))
    }

    /// Names, terms and telling words of a group.
    pub fn group_keywords(&self, group: usize) -> Vec<String> {
        self.choose(self.candidates(group, 2, Filter::Telling), GROUP_KEYWORDS)
    }

    /// Names, terms and telling words of the article: those of its groups that are used again.
    pub fn article_keywords(&self) -> Vec<String> {
        let telling = self.keywords_of_all(Filter::Telling);
        // In a text that repeats itself, no word tells more than another.
        if telling.is_empty() { self.keywords_of_all(Filter::Long) } else { telling }
    }

    fn keywords_of_all(&self, filter: Filter) -> Vec<String> {
        let mut all: HashMap<Vec<usize>, Phrase> = HashMap::new();
        for group in 0..self.groups.len() {
            for phrase in self.candidates(group, 2, filter) {
                all.entry(phrase.key.clone()).and_modify(|known| known.score += phrase.score).or_insert(phrase);
            }
        }
        let weigh = |mut phrase: Phrase| {
            let clustering = phrase.key.iter().map(|&form| self.forms[form].clustering().max(0.0)).sum::<f64>();
            phrase.score *= 1.0 + clustering / phrase.key.len() as f64;
            phrase
        };
        self.choose(all.into_values().map(weigh).collect(), ARTICLE_KEYWORDS)
    }

    /// The phrases of up to `longest` words of a group.
    fn candidates(&self, group: usize, longest: usize, filter: Filter) -> Vec<Phrase> {
        let uses = &self.groups[group];
        let mut phrases: HashMap<Vec<usize>, Phrase> = HashMap::new();
        for start in 0..uses.len() {
            for end in start + 1..=uses.len().min(start + longest) {
                let run = &uses[start..end];
                let last = &run[run.len() - 1];
                let holds = self.passes(last.form, filter) && (run.len() == 1 || last.joined && self.binds(run));
                if !holds {
                    break;
                }
                let key: Vec<usize> = run.iter().map(|one| one.form).collect();
                let range = run[0].word.range.start..last.word.range.end;
                let score = self.score(&key);
                phrases.entry(key.clone()).and_modify(|known| known.score += 0.5 * score).or_insert(Phrase {
                    key,
                    range,
                    score,
                });
            }
        }
        phrases.into_values().collect()
    }

    /// Whether the last two words of a run belong together: names do, and so do words found together twice or more.
    fn binds(&self, run: &[Use]) -> bool {
        let (before, last) = (run[run.len() - 2].form, run[run.len() - 1].form);
        let together = self.pairs.get(&(before, last)).copied().unwrap_or(0);
        let rarer = self.forms[before].count.min(self.forms[last].count);
        let names = self.forms[before].is_entity() && self.forms[last].is_entity();
        names || (together >= 2 && 3 * together >= rarer)
    }

    fn passes(&self, form: usize, filter: Filter) -> bool {
        let Form { groups, letters, ideographs, .. } = self.forms[form];
        let all = self.groups.len();
        let entity = self.forms[form].is_entity();
        let long_enough = if ideographs { letters >= 2 } else { letters >= if entity { 2 } else { 4 } };
        let common = all >= FEW_GROUPS && groups as f64 > COMMON_SHARE * all as f64;
        let strewn = self.forms[form].count >= CLUSTERED_USES && self.forms[form].clustering() < CLUSTERED;
        long_enough && (filter == Filter::Long || entity || !(common || strewn))
    }

    fn score(&self, key: &[usize]) -> f64 {
        let all = self.groups.len() as f64;
        let word = |&form: &usize| {
            let Form { count, groups, .. } = self.forms[form];
            let rarity = libm::log((all + 1.0) / (groups as f64 + 0.5)).max(0.1);
            let reuse = 1.0 + REUSE_WEIGHT * libm::log(count as f64);
            rarity * reuse * if self.forms[form].is_entity() { ENTITY_WEIGHT } else { 1.0 }
        };
        key.iter().map(word).sum::<f64>() / (key.len() as f64).sqrt()
    }

    /// The best phrases, each with words that no better one has.
    fn choose(&self, mut phrases: Vec<Phrase>, most: usize) -> Vec<String> {
        phrases.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.range.start.cmp(&b.range.start)));
        let mut used: HashSet<usize> = HashSet::new();
        let mut chosen = Vec::new();
        for phrase in phrases {
            if chosen.len() == most {
                break;
            }
            if phrase.key.iter().all(|form| !used.contains(form)) {
                used.extend(&phrase.key);
                let written: Vec<&str> = self.text[phrase.range].split_whitespace().collect();
                chosen.push(written.join(" "));
            }
        }
        chosen
    }
}

impl Form {
    fn note(&mut self, written: &str, place: usize, inside: bool) {
        let gap = (place - self.last) as f64;
        self.gaps = (self.gaps.0 + gap, self.gaps.1 + gap * gap);
        self.last = place;
        self.count += 1;
        // The stem of "don't" and "I'm", not what hangs on.
        let parts = written.split(['\'', '’']).map(|part| part.chars().filter(|c| c.is_alphanumeric()).count());
        self.letters = parts.max().unwrap_or(0);
        self.ideographs = written.chars().any(is_ideograph);
        let mut characters = written.chars();
        let capital = characters.next().is_some_and(char::is_uppercase);
        self.inside += usize::from(inside);
        self.capital += usize::from(inside && capital);
        let letters = written.chars().any(char::is_alphabetic);
        let odd = characters.any(|c| c == '_' || c.is_numeric() || (!capital && c.is_uppercase()));
        self.term += usize::from(letters && odd);
    }

    /// By how many standard deviations the spread of the distances between uses exceeds that of words strewn at random.
    ///
    /// Carpena, Bernaola-Galván, Hackenberg, Coronado and Oliver 2009, "Level statistics of words", equations 2 and 3.
    fn clustering(&self) -> f64 {
        let n = self.count as f64;
        let mean = self.gaps.0 / n;
        let spread = (self.gaps.1 / n - mean * mean).max(0.0).sqrt() / mean;
        let expected = (2.0 * n - 1.0) / (2.0 * n + 2.0);
        let deviation = 1.0 / (n.sqrt() * (1.0 + 2.8 * libm::pow(n, -0.865)));
        (spread - expected) / deviation
    }

    /// Whether it is written like a name or a term: mostly with a capital inside sentences, or with digits or capitals inside.
    fn is_entity(&self) -> bool {
        (self.inside > 0 && 3 * self.capital > 2 * self.inside) || 2 * self.term > self.count
    }
}

/// Whether what stands between two words leaves them in one phrase.
fn is_joint(between: &str) -> bool {
    let space = between.chars().all(|c| c.is_whitespace() && c != '\t');
    space && between.matches('\n').count() < 2 || between == "-"
}

fn ends_sentence(between: &str) -> bool {
    between.is_empty()
        || between.contains(['.', '!', '?', '。', '！', '？', '"', '“', '`', '«', ':'])
        || between.matches('\n').count() > 1
}
