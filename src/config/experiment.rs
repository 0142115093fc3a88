//! A whole experiment as data: which puzzles, which variants of the settings, which seeds.
//!
//! In: a TOML file as docs/guide.md describes it. Out: an [`Experiment`], checked: where its puzzles are, and every
//! [`Setting`] that each of them is fitted by.

use super::{Config, ConfigError, Preset, merge, table};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The variant of a run that declares none.
pub const BASE: &str = "base";

/// The longest name of a variant.
const MOST_NAME_BYTES: usize = 60;

/// Settings with one of the seeds, under a variant's name.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The variant.
    pub variant: String,
    /// Its settings; `seed` is the fit's own.
    pub config: Config,
}

/// What each puzzle of a run is fitted by.
#[derive(Clone, Debug, PartialEq)]
pub struct Fits {
    /// Every variant with every seed; variants in the order of their declaration.
    pub settings: Vec<Setting>,
    /// What was declared, with every setting resolved: a run goes on only under the same.
    pub declaration: Table,
}

impl Fits {
    /// One fit a puzzle.
    pub fn of(config: &Config) -> Self {
        let setting = Setting { variant: BASE.into(), config: config.clone() };
        Self { settings: vec![setting], declaration: plain(config) }
    }
}

/// Which of the puzzles that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subset {
    /// These.
    pub ids: Option<Vec<String>>,
    /// So many, drawn by [`seed`](Self::seed).
    pub sample: Option<usize>,
    /// What the sample is drawn by, 0 if not given.
    #[serde(default)]
    pub seed: u64,
}

impl Subset {
    /// Draws the sample from ids: those with the smallest SHA-256 of seed and id. So it does not depend on their order,
    /// and a sample of more has all that one of fewer has. All ids where no sample is asked for.
    pub fn draw<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> HashSet<&'a str> {
        let hash = |id: &str| Sha256::new().chain_update(self.seed.to_le_bytes()).chain_update(id).finalize();
        let mut ids: Vec<&str> = ids.into_iter().collect();
        ids.sort_by_cached_key(|id| hash(id));
        ids.into_iter().take(self.sample.unwrap_or(usize::MAX)).collect()
    }
}

/// Where an experiment's puzzles are. Paths are as [`Experiment::load`] found them from the declaration's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// A file of tasks or a folder; the split is in it.
    pub data: PathBuf,
    /// The name of a split: a folder in `data`, or a file `*SPLIT_challenges.json` there.
    pub split: Option<String>,
    /// Solutions, where they are apart.
    pub solutions: Option<PathBuf>,
    /// Which of them.
    pub subset: Subset,
}

/// A declared experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Where its puzzles are.
    pub source: Source,
    /// What each is fitted by.
    pub fits: Fits,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    data: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    solutions: Option<PathBuf>,
    #[serde(default = "one_seed")]
    seeds: Vec<u64>,
    #[serde(default)]
    subset: Subset,
    #[serde(default)]
    settings: Table,
    #[serde(default)]
    variants: Table,
}

fn one_seed() -> Vec<u64> {
    vec![0]
}

impl Experiment {
    /// Reads a declaration; paths in it start from its folder.
    ///
    /// # Errors
    /// Where the file can't be read, has a key that isn't known or a value that makes no sense.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { file: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), &text, path.parent().unwrap_or(Path::new("")))
    }

    fn parse(file: &str, text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let mut declared: Declared = toml::from_str(text)
            .map_err(|error| ConfigError::Malformed { file: file.into(), message: error.to_string() })?;
        if declared.variants.is_empty() {
            declared.variants.insert(BASE.into(), Value::Table(Table::new()));
        }
        let mut configs: Vec<(String, Config)> = Vec::new();
        for (name, own) in &declared.variants {
            let place = format!("{file}: variants.{name}");
            let is_plain = |letter: char| letter.is_alphanumeric() || "-_.+ ".contains(letter);
            if name.is_empty() || name.len() > MOST_NAME_BYTES || !name.chars().all(is_plain) {
                let expected =
                    format!("a name is letters, digits, spaces and - _ . +, {MOST_NAME_BYTES} bytes at most");
                return Err(ConfigError::Impossible { setting: place, expected });
            }
            let config = resolve(&declared.settings, own, &place)?;
            configs.push((name.clone(), config));
        }
        check_seeds(file, &declared.seeds, &configs)?;
        check_subset(file, &declared.subset)?;
        let mut settings = Vec::new();
        for (variant, config) in &configs {
            for &seed in &declared.seeds {
                let config = Config { seed, ..config.clone() };
                config.check().map_err(|error| within(&format!("{file}: variants.{variant}"), error))?;
                settings.push(Setting { variant: variant.clone(), config });
            }
        }
        let source = Source {
            data: folder.join(&declared.data),
            split: declared.split.clone(),
            solutions: declared.solutions.as_ref().map(|path| folder.join(path)),
            subset: declared.subset.clone(),
        };
        declared.settings = Table::new();
        declared.variants = configs.into_iter().map(|(name, config)| (name, Value::Table(plain(&config)))).collect();
        Ok(Self { source, fits: Fits { settings, declaration: plain(&declared) } })
    }
}

/// The preset's settings, then all variants', then the variant's own.
fn resolve(common: &Table, own: &Value, place: &str) -> Result<Config, ConfigError> {
    let malformed = |message: String| ConfigError::Malformed { file: place.into(), message };
    let Value::Table(own) = own else { return Err(malformed("a table of settings is needed".into())) };
    let mut over = common.clone();
    merge(&mut over, own.clone());
    if over.contains_key("seed") {
        return Err(malformed("seed: an experiment's seeds are the list `seeds` at its top".into()));
    }
    let preset = match over.remove("preset") {
        None => Preset::Default,
        Some(Value::String(name)) if name == "default" => Preset::Default,
        Some(Value::String(name)) if name == "faithful" => Preset::Faithful,
        Some(other) => return Err(malformed(format!("preset = {other}: \"default\" or \"faithful\" is needed"))),
    };
    let mut settings = table("preset", preset.text())?;
    merge(&mut settings, over);
    settings.try_into().map_err(|error: toml::de::Error| malformed(error.to_string()))
}

fn check_seeds(file: &str, seeds: &[u64], configs: &[(String, Config)]) -> Result<(), ConfigError> {
    let fault = |expected: String| {
        let setting = format!("{file}: seeds = {seeds:?}");
        Err(ConfigError::Impossible { setting, expected })
    };
    let pooled = configs.iter().map(|(_, config)| config.seeds as u64).max().unwrap_or(1).max(1);
    let mut sorted = seeds.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[1] - pair[0] < pooled) {
        _ if seeds.is_empty() => fault("one at least is needed".into()),
        Some(pair) if pair[0] == pair[1] => fault(format!("{} stands there twice", pair[0])),
        Some(pair) => fault(format!(
            "a fit pools the votes of {pooled} seeds, from its own on, so those of {} and {} overlap: let them be {pooled} apart",
            pair[0], pair[1]
        )),
        None => Ok(()),
    }
}

fn check_subset(file: &str, subset: &Subset) -> Result<(), ConfigError> {
    let fault = |setting: &str, expected: &str| {
        Err(ConfigError::Impossible { setting: format!("{file}: subset.{setting}"), expected: expected.into() })
    };
    match (&subset.ids, subset.sample) {
        (Some(_), Some(_)) => fault("sample", "either ids or a sample is meant: leave one out"),
        (Some(ids), None) if ids.is_empty() => fault("ids", "an id at least is needed; leave it out for all"),
        (None, Some(0)) => fault("sample = 0", "a number from 1 on is needed; leave it out for all"),
        _ => Ok(()),
    }
}

/// A setting's error with the place where it stands.
fn within(place: &str, error: ConfigError) -> ConfigError {
    match error {
        ConfigError::Impossible { setting, expected } => {
            ConfigError::Impossible { setting: format!("{place}: {setting}"), expected }
        }
        other => other,
    }
}

fn plain(value: &impl Serialize) -> Table {
    Table::try_from(value).unwrap_or_else(|error| unreachable!("settings are plain tables: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Experiment, ConfigError> {
        Experiment::parse("e.toml", text, Path::new("configs"))
    }

    #[test]
    fn variants_lie_over_the_settings_over_the_preset() {
        let text = "data = \"tasks\"\nsplit = \"training\"\nseeds = [3, 5]\n[settings]\nsteps = 60\n[variants.b]\n\
            [variants.a]\npreset = \"faithful\"\nsteps = 70\nnetwork.layers = 3";
        let Experiment { source, fits } = parse(text).unwrap();
        let of = |setting: &Setting| (setting.variant.clone(), setting.config.seed, setting.config.steps);
        let expected = [("b", 3, 60), ("b", 5, 60), ("a", 3, 70), ("a", 5, 70)];
        assert_eq!(fits.settings.iter().map(of).collect::<Vec<_>>(), expected.map(|(v, s, n)| (v.to_owned(), s, n)));
        let faithful = Config::resolve(Preset::Faithful, None, &super::super::Overrides::default()).unwrap();
        let network = &fits.settings[2].config.network;
        assert_eq!((network.layers, network.equivariance), (3, faithful.network.equivariance));
        assert_eq!((source.data.as_path(), source.split.as_deref()), (Path::new("configs/tasks"), Some("training")));
    }

    #[test]
    fn a_declaration_is_the_same_however_it_was_written() {
        let one = parse("data = \"t\"\n[settings]\nsteps = 9").unwrap().fits;
        let other = parse("# a word\ndata = \"t\"\nseeds = [0]\n[variants.base]\nsteps = 9").unwrap().fits;
        assert_eq!(one, other);
        assert_ne!(one, parse("data = \"t\"\n[settings]\nsteps = 8").unwrap().fits);
        assert_ne!(one, parse("data = \"t\"\n[settings]\nsteps = 9\n[subset]\nsample = 4").unwrap().fits);
        let written = toml::to_string(&one.declaration).unwrap();
        assert_eq!(written.parse::<Table>().unwrap(), one.declaration);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (text, says) in [
            ("", "data"),
            ("data = \"t\"\nstepz = 4", "stepz"),
            ("data = \"t\"\n[settings]\nstepz = 4", "e.toml: variants.base: unknown field `stepz`"),
            ("data = \"t\"\n[settings]\nsteps = 0", "e.toml: variants.base: steps = 0: a whole number from 1"),
            ("data = \"t\"\n[settings]\nseed = 4", "the list `seeds`"),
            ("data = \"t\"\nseeds = []", "seeds = []: one at least"),
            ("data = \"t\"\nseeds = [1, 1]", "1 stands there twice"),
            ("data = \"t\"\nseeds = [1, 2]\n[settings]\nseeds = 2", "those of 1 and 2 overlap: let them be 2 apart"),
            ("data = \"t\"\n[variants]\na = 4", "variants.a: a table"),
            ("data = \"t\"\n[variants.\"a/b\"]", "a name is letters"),
            ("data = \"t\"\n[variants.a]\npreset = \"best\"", "preset = \"best\""),
            ("data = \"t\"\n[subset]\nids = [\"a\"]\nsample = 4", "either ids or a sample"),
            ("data = \"t\"\n[subset]\nsample = 0", "subset.sample = 0"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_sample_is_the_seeds_alone_and_grows_by_more() {
        let ids: Vec<String> = (0..50).map(|id| id.to_string()).collect();
        let draw = |sample, seed, ids: &[String]| {
            let subset = Subset { ids: None, sample, seed };
            subset.draw(ids.iter().map(String::as_str)).into_iter().map(str::to_owned).collect::<HashSet<_>>()
        };
        let few = draw(Some(5), 1, &ids);
        let reversed: Vec<String> = ids.iter().rev().cloned().collect();
        assert_eq!((few.len(), &draw(Some(5), 1, &reversed)), (5, &few));
        assert!(few.is_subset(&draw(Some(9), 1, &ids)) && few != draw(Some(5), 2, &ids));
        assert_eq!(draw(None, 1, &ids).len(), 50);
    }
}
