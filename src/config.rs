//! The settings of a run: flags over a file over a preset.
//!
//! In: a preset's name, a TOML file, values of flags. Out: a [`Config`], checked, which is saved beside every result.

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
    /// Stop when both attempts have been the same for this many steps; 0 never stops early.
    pub stable_steps: usize,
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
            stable_steps: 0,
            engine: EngineKind::Auto,
            device: Device::Auto,
            network: Network::default(),
            objective: Objective::default(),
            optimiser: Optimiser::default(),
            selection: Selection::default(),
        }
    }
}

/// A named set of settings that a run starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
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
    /// `--steps`.
    pub steps: Option<usize>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--seeds`.
    pub seeds: Option<usize>,
    /// `--stable-steps`.
    pub stable_steps: Option<usize>,
    /// `--engine`.
    pub engine: Option<EngineKind>,
    /// `--device`.
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
    #[error("{field} = {value}: {expected}")]
    Impossible {
        /// The key.
        field: &'static str,
        /// What it was set to.
        value: String,
        /// What it has to be.
        expected: &'static str,
    },
}

impl Config {
    /// The settings of `preset`, then of `file`, then of `flags`.
    ///
    /// # Errors
    /// Where the file can't be read or has a key or a value that isn't known, or a value makes no sense.
    pub fn resolve(preset: Preset, file: Option<&Path>, flags: &Overrides) -> Result<Self, ConfigError> {
        let mut table = table("preset", preset.text())?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { file: path.to_owned(), source })?;
            let name = path.display().to_string();
            // On its own first, so that an error names the line of the user's file.
            read(&name, &text)?;
            merge(&mut table, self::table(&name, &text)?);
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
        config.check()?;
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
            selection: self.selection.clone(),
            engine: self.engine,
            device: self.device,
            threads,
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let at_least_one = "at least 1 is needed";
        let positive = |field, value: usize| {
            if value > 0 { Ok(()) } else { Err(impossible(field, &value, at_least_one)) }
        };
        positive("steps", self.steps)?;
        positive("seeds", self.seeds)?;
        let Network { cummax_channels, shift_channels, .. } = self.network;
        for (field, value) in [
            ("network.layers", self.network.layers),
            ("network.channels", self.network.channels),
            ("network.direction_channels", self.network.direction_channels),
            ("network.share_up_channels", self.network.share_up_channels),
            ("network.share_down_channels", self.network.share_down_channels),
            ("network.softmax_channels", self.network.softmax_channels),
            ("network.cummax_channels", cummax_channels),
            ("network.nonlinear_channels", self.network.nonlinear_channels),
        ] {
            positive(field, value)?;
        }
        if cummax_channels % 2 == 1 {
            return Err(impossible(
                "network.cummax_channels",
                &cummax_channels,
                "half go forward and half backward, so an even number is needed",
            ));
        }
        if shift_channels != cummax_channels {
            return Err(impossible(
                "network.shift_channels",
                &shift_channels,
                "it has to equal network.cummax_channels",
            ));
        }
        let unit = |field, value: f64| {
            if (0.0..1.0).contains(&value) {
                Ok(())
            } else {
                Err(impossible(field, &value, "it has to be at least 0 and below 1"))
            }
        };
        unit("optimiser.beta1", self.optimiser.beta1)?;
        unit("optimiser.beta2", self.optimiser.beta2)?;
        unit("selection.mean_decay", self.selection.mean_decay)?;
        let above_zero = |field, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(impossible(field, &value, "it has to be above 0 and finite"))
            }
        };
        above_zero("optimiser.learning_rate", self.optimiser.learning_rate)?;
        above_zero("optimiser.epsilon", self.optimiser.epsilon)?;
        above_zero("objective.reconstruction_weight", self.objective.reconstruction_weight)?;
        above_zero("objective.size_mask_start", self.objective.size_mask_start)?;
        above_zero("objective.crop_start", self.objective.crop_start)
    }
}

fn impossible(field: &'static str, value: &(impl ToString + ?Sized), expected: &'static str) -> ConfigError {
    ConfigError::Impossible { field, value: value.to_string(), expected }
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
        let file = tempfile::NamedTempFile::new().unwrap();
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
            ("steps = 0", "steps = 0"),
            ("[network]\ncummax_channels = 3\nshift_channels = 3", "network.cummax_channels = 3"),
            ("[optimiser]\nlearning_rate = -1.0", "optimiser.learning_rate = -1"),
            ("[[", "1:"),
        ] {
            let error = resolve(text, &Overrides::default()).unwrap_err().to_string();
            assert!(error.contains(says) || says == "1:", "{text}: {error}");
        }
    }

    #[test]
    fn settings_survive_being_written() {
        let config = Config { seed: 9, ..Config::default() };
        assert_eq!(read("x", &config.to_toml()).unwrap(), config);
    }
}
