//! The settings of a run: flags over a file over a preset.
//!
//! In: a preset's name, a TOML file, values of flags. Out: a [`Config`], checked, which is saved beside every result.

pub mod experiment;

use crate::engine::{Device, EngineKind};
use crate::fit::{FitSettings, Selection};
use crate::model::{Network, Objective, Optimiser};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// All settings that change a result, and where it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Most training steps of a fit.
    pub steps: usize,
    /// First seed.
    pub seed: u64,
    /// Seeds fitted side by side, pooling their votes.
    pub seeds: usize,
    /// Stop when the first attempts have been the same for this many steps; 0 does all steps of every fit, whatever the next two
    /// are.
    pub stable_steps: usize,
    /// As many, and fewer, are enough where they are what readings hold likeliest; 0: no fewer.
    pub agree_steps: usize,
    /// Leave out the fit, but for a step, where what readings hold likeliest leads by so many bits; 0 never does.
    pub sure_bits: usize,
    /// Steps of the trial that each view of a puzzle gets, where it has several; 0 leaves every puzzle as it is.
    pub view_steps: usize,
    /// Whether the sizes of outputs are sought by rule where they differ from pair to pair, and are not their inputs'.
    pub size_rules: bool,
    /// Readings of a puzzle by the coder of grids, whose answers are pooled with the fit's; 0 leaves both attempts to the
    /// vote.
    pub readings: usize,
    /// The most drafts of a puzzle that readings look at, beside the input and in its place, each a drawing of it by a general rule.
    pub drafts: usize,
    /// What each kind of law that an answer breaks adds to its bits by the readings.
    pub law_bits: usize,
    /// Which engine runs.
    pub engine: EngineKind,
    /// Where to run.
    pub device: Device,
    /// The network.
    pub network: Network,
    /// The loss.
    pub objective: Objective,
    /// The optimiser.
    pub optimiser: Optimiser,
    /// How answers are chosen.
    pub selection: Selection,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            steps: 2000,
            seed: 0,
            seeds: 1,
            stable_steps: 1000,
            agree_steps: 100,
            sure_bits: 8,
            view_steps: 200,
            size_rules: true,
            readings: 16,
            drafts: 4,
            law_bits: 4,
            engine: EngineKind::Auto,
            device: Device::Auto,
            network: Network::default(),
            objective: Objective::default(),
            optimiser: Optimiser::default(),
            selection: Selection::default(),
        }
    }
}

/// The most readings of a puzzle.
const MOST_READINGS: usize = 1000;

/// The most drafts of a puzzle: as many as lie beside an input.
const MOST_DRAFTS: usize = crate::code::grids::MOST_BESIDE;

/// The most steps of a fit.
const MOST_STEPS: usize = 1_000_000;

/// The largest seed: TOML has no larger numbers.
const MOST_SEED: u64 = i64::MAX as u64;

/// A named set of settings that a run starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Preset {
    /// What has measured best.
    #[default]
    Default,
    /// CompressARC as published.
    Faithful,
}

impl Preset {
    fn text(self) -> &'static str {
        match self {
            Self::Default => include_str!("../configs/default.toml"),
            Self::Faithful => include_str!("../configs/faithful.toml"),
        }
    }
}

/// Values of flags, where they were given.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Most training steps.
    pub steps: Option<usize>,
    /// The first seed.
    pub seed: Option<u64>,
    /// How many seeds.
    pub seeds: Option<usize>,
    /// For how many steps the first attempts have to stand still; 0 does all steps.
    pub stable_steps: Option<usize>,
    /// What runs.
    pub engine: Option<EngineKind>,
    /// Where it runs.
    pub device: Option<Device>,
}

/// Why settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, or a value of the wrong kind.
    #[error("{file}: {message}")]
    Malformed {
        /// Which file.
        file: String,
        /// Where and what.
        message: String,
    },
    /// A value that no run can have.
    #[error("{setting}: {expected}")]
    Impossible {
        /// The key and the value; `KEY VALUE` where [`Overrides`] gave it, else `KEY = VALUE`, maybe after the file.
        setting: String,
        /// What it has to be.
        expected: String,
    },
}

/// A key, the value that no run can have, and what it has to be.
type Fault = (&'static str, String, String);

impl Config {
    /// The settings of `preset`, then of `file`, then of `flags`.
    ///
    /// # Errors
    /// Where the file can't be read or has a key or a value that isn't known, or a value makes no sense.
    pub fn resolve(preset: Preset, file: Option<&Path>, flags: &Overrides) -> Result<Self, ConfigError> {
        let mut table = table("preset", preset.text())?;
        let mut own = toml::Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { file: path.to_owned(), source })?;
            let name = path.display().to_string();
            // On its own first, so that an error names the line of the user's file.
            read(&name, &text)?;
            own = self::table(&name, &text)?;
            merge(&mut table, own.clone());
        }
        let mut config: Self = table
            .try_into()
            .map_err(|error| ConfigError::Malformed { file: "settings".into(), message: error.to_string() })?;
        config.steps = flags.steps.unwrap_or(config.steps);
        config.seed = flags.seed.unwrap_or(config.seed);
        config.seeds = flags.seeds.unwrap_or(config.seeds);
        config.stable_steps = flags.stable_steps.unwrap_or(config.stable_steps);
        config.engine = flags.engine.unwrap_or(config.engine);
        config.device = flags.device.unwrap_or(config.device);
        config.faults().map_err(|(field, value, expected)| {
            let setting = match (flags.gave(field), file) {
                (true, _) => format!("{field} {value}"),
                (false, Some(path)) if has(&own, field) => format!("{}: {field} = {value}", path.display()),
                _ => format!("{field} = {value}"),
            };
            ConfigError::Impossible { setting, expected }
        })?;
        Ok(config)
    }

    /// Reads settings that [`Config::to_toml`] wrote.
    ///
    /// # Errors
    /// As [`Config::resolve`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { file: path.to_owned(), source })?;
        read(&path.display().to_string(), &text)
    }

    /// All settings as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_else(|error| unreachable!("settings are plain tables: {error}"))
    }

    /// What the fit needs of them.
    pub fn fit_settings(&self, threads: Option<usize>) -> FitSettings {
        FitSettings {
            steps: self.steps,
            seed: self.seed,
            seeds: self.seeds,
            stable_steps: self.stable_steps,
            agree_steps: self.agree_steps,
            selection: self.selection.clone(),
            engine: self.engine,
            device: self.device,
            threads,
        }
    }

    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`ConfigError::Impossible`] for the first that no run can have.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.faults().map_err(|(field, value, expected)| ConfigError::Impossible {
            setting: format!("{field} = {value}"),
            expected,
        })
    }

    fn faults(&self) -> Result<(), Fault> {
        let Self { network, objective, optimiser, selection, .. } = self;
        for (field, value, range) in [
            ("steps", self.steps, 1..=MOST_STEPS),
            ("seeds", self.seeds, 1..=1000),
            ("stable_steps", self.stable_steps, 0..=MOST_STEPS),
            ("agree_steps", self.agree_steps, 0..=MOST_STEPS),
            ("sure_bits", self.sure_bits, 0..=1000),
            ("view_steps", self.view_steps, 0..=MOST_STEPS),
            ("readings", self.readings, 0..=MOST_READINGS),
            ("drafts", self.drafts, 0..=MOST_DRAFTS),
            ("law_bits", self.law_bits, 0..=1000),
            ("network.layers", network.layers, 1..=32),
            ("network.channels", network.channels, 1..=256),
            ("network.direction_channels", network.direction_channels, 1..=128),
            ("network.share_up_channels", network.share_up_channels, 1..=256),
            ("network.share_down_channels", network.share_down_channels, 1..=256),
            ("network.softmax_channels", network.softmax_channels, 1..=64),
            ("network.cummax_channels", network.cummax_channels, 2..=128),
            ("network.shift_channels", network.shift_channels, 2..=128),
            ("network.nonlinear_channels", network.nonlinear_channels, 1..=256),
            ("objective.size_warmup_steps", objective.size_warmup_steps, 0..=MOST_STEPS),
            ("selection.early_steps", selection.early_steps, 0..=MOST_STEPS),
        ] {
            if !range.contains(&value) {
                let expected = format!("a whole number from {} to {} is needed", range.start(), range.end());
                return Err((field, value.to_string(), expected));
            }
        }
        let last = self.seed.checked_add(self.seeds as u64 - 1);
        if last.is_none_or(|last| last > MOST_SEED) {
            let expected = format!("the seeds, {} of them, have to be at most {MOST_SEED}", self.seeds);
            return Err(("seed", self.seed.to_string(), expected));
        }
        let Network { cummax_channels, shift_channels, .. } = *network;
        if cummax_channels % 2 == 1 {
            let expected = "half go forward and half backward, so an even number is needed";
            return Err(("network.cummax_channels", cummax_channels.to_string(), expected.into()));
        }
        if shift_channels != cummax_channels {
            let expected = format!("it has to equal network.cummax_channels, {cummax_channels}");
            return Err(("network.shift_channels", shift_channels.to_string(), expected));
        }
        // From the least, which is possible, to the most, which is possible, too, or not.
        let below_one = ("at least 0 and below 1", 0.0, 1f64.next_down());
        let rate = ("above 0 and at most 10", f64::MIN_POSITIVE, 10.0);
        let factor = ("above 0 and at most 1000000", f64::MIN_POSITIVE, 1e6);
        let weight = ("from 0 to 1000000", 0.0, 1e6);
        for (field, value, (range, least, most)) in [
            ("objective.reconstruction_weight", objective.reconstruction_weight, factor),
            ("objective.size_mask_start", objective.size_mask_start, factor),
            ("objective.crop_start", objective.crop_start, factor),
            ("optimiser.learning_rate", optimiser.learning_rate, rate),
            ("optimiser.epsilon", optimiser.epsilon, rate),
            ("optimiser.beta1", optimiser.beta1, below_one),
            ("optimiser.beta2", optimiser.beta2, below_one),
            ("selection.mean_decay", selection.mean_decay, below_one),
            ("selection.uncertainty_weight", selection.uncertainty_weight, weight),
            ("selection.early_penalty", selection.early_penalty, weight),
            ("selection.mean_penalty", selection.mean_penalty, weight),
        ] {
            if !(least..=most).contains(&value) {
                return Err((field, value.to_string(), format!("a number {range} is needed")));
            }
        }
        Ok(())
    }
}

impl Overrides {
    /// Whether they have a value for a field.
    fn gave(&self, field: &str) -> bool {
        match field {
            "steps" => self.steps.is_some(),
            "seed" => self.seed.is_some(),
            "seeds" => self.seeds.is_some(),
            "stable_steps" => self.stable_steps.is_some(),
            _ => false,
        }
    }
}

/// Whether a table has a field, `key` or `table.key`.
fn has(table: &toml::Table, field: &str) -> bool {
    match field.split_once('.') {
        Some((outer, key)) => table.get(outer).is_some_and(|inner| inner.get(key).is_some()),
        None => table.contains_key(field),
    }
}

fn read(file: &str, text: &str) -> Result<Config, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Malformed { file: file.into(), message: error.to_string() })
}

fn table(file: &str, text: &str) -> Result<toml::Table, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Malformed { file: file.into(), message: error.to_string() })
}

/// Puts the values of `over` into `under`, table by table.
fn merge(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(over)) => merge(inner, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::Vote;
    use crate::model::Equivariance;

    fn resolve(text: &str, flags: &Overrides) -> Result<Config, ConfigError> {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::resolve(Preset::Default, Some(file.path()), flags)
    }

    #[test]
    fn the_default_preset_is_the_default() {
        let config = Config::resolve(Preset::Default, None, &Overrides::default()).unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(table("preset", Preset::Default.text()).unwrap(), table("written", &config.to_toml()).unwrap());
    }

    #[test]
    fn the_faithful_preset_is_as_published() {
        let config = Config::resolve(Preset::Faithful, None, &Overrides::default()).unwrap();
        assert_eq!(config.network.equivariance, Equivariance::Published);
        assert_eq!(config.selection.vote, Vote::Task);
        assert_eq!((config.steps, config.stable_steps), (2000, 0));
    }

    #[test]
    fn flags_go_over_the_file_over_the_preset() {
        let flags = Overrides { steps: Some(7), ..Overrides::default() };
        let config = resolve("steps = 5\nseed = 3\n[selection]\nvote = \"task\"", &flags).unwrap();
        assert_eq!((config.steps, config.seed, config.selection.vote), (7, 3, Vote::Task));
        assert_eq!(config.selection.mean_penalty, Selection::default().mean_penalty);
    }

    #[test]
    fn wrong_files_are_refused_by_name() {
        for (text, says) in [
            ("stepz = 5", "stepz"),
            ("[network]\nlayrs = 1", "layrs"),
            ("steps = \"many\"", "steps"),
            ("steps = 0", "toml: steps = 0: a whole number from 1 to 1000000 is needed"),
            ("steps = 1000000000", "steps = 1000000000:"),
            ("seeds = 100000", "seeds = 100000: a whole number from 1 to 1000"),
            ("[network]\nchannels = 1000000000", "toml: network.channels = 1000000000:"),
            ("[network]\ndirection_channels = 1000000000", "network.direction_channels = 1000000000:"),
            ("[network]\nlayers = 1000000", "network.layers = 1000000:"),
            ("[network]\ncummax_channels = 0\nshift_channels = 0", "network.cummax_channels = 0:"),
            ("[optimiser]\nlearning_rate = nan", "optimiser.learning_rate = NaN:"),
            ("[optimiser]\nepsilon = inf", "optimiser.epsilon = inf:"),
            ("[objective]\ncrop_start = -inf", "objective.crop_start = -inf:"),
            ("[selection]\nmean_penalty = nan", "selection.mean_penalty = NaN: a number from 0 to 1000000"),
            ("[selection]\nmean_decay = 1.0", "selection.mean_decay = 1: a number at least 0 and below 1"),
            ("[network]\ncummax_channels = 3\nshift_channels = 3", "network.cummax_channels = 3"),
            ("[optimiser]\nlearning_rate = -1.0", "optimiser.learning_rate = -1"),
            ("[[", "1:"),
        ] {
            let error = resolve(text, &Overrides::default()).unwrap_err().to_string();
            assert!(error.contains(says) || says == "1:", "{text}: {error}");
        }
    }

    #[test]
    fn wrong_flags_are_refused_by_name() {
        for (flags, says) in [
            (Overrides { steps: Some(1_000_000_000), ..Overrides::default() }, "steps 1000000000: a whole number"),
            (Overrides { seeds: Some(usize::MAX), ..Overrides::default() }, "seeds 18446744073709551615: "),
            (Overrides { seed: Some(u64::MAX), ..Overrides::default() }, "seed 18446744073709551615: the seeds, 1 of"),
            (Overrides { seed: Some(MOST_SEED), seeds: Some(2), ..Overrides::default() }, "the seeds, 2 of them"),
        ] {
            let error = resolve("steps = 5", &flags).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let last = Overrides { seed: Some(MOST_SEED), ..Overrides::default() };
        let config = resolve("", &last).unwrap();
        assert_eq!(read("x", &config.to_toml()).unwrap(), config, "the largest seed can be written");
    }

    #[test]
    fn settings_survive_being_written() {
        let config = Config { seed: 9, ..Config::default() };
        assert_eq!(read("x", &config.to_toml()).unwrap(), config);
    }
}
