//! The settings as flags, from the one table in `config`; each also says its variable and its default.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, value_parser};

use crate::config::{Config, Input, Loaded, SETTINGS, Setting};

use super::failure::Failure;

/// Flags' names, which clap wants for the life of the process.
static FLAGS: LazyLock<Vec<(String, &'static Setting)>> =
    LazyLock::new(|| SETTINGS.iter().map(|setting| (setting.flag(), setting)).collect());

/// The flags that were given.
#[derive(Debug, Default)]
pub struct SettingFlags {
    file: Option<PathBuf>,
    given: BTreeMap<&'static str, String>,
}

impl SettingFlags {
    /// Puts them over the environment, the file and the defaults.
    pub fn load(self) -> Result<Loaded, Failure> {
        // A variable that is no Unicode is no setting of ours: all our values are text.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let input = Input { file: self.file, environment, flags: self.given };
        Config::load(&input).map_err(|error| Failure::Usage(error.to_string()))
    }

    /// True for an argument that only `serve` knows, so that `pennon --listen …` is `pennon serve --listen …`.
    pub fn knows(argument: &str) -> bool {
        let Some(name) = argument.strip_prefix("--") else { return false };
        let name = name.split('=').next().unwrap_or_default();
        name == "config" || FLAGS.iter().any(|(flag, _)| flag == name)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = SettingFlags::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        if let Some(file) = matches.get_one::<PathBuf>("config") {
            self.file = Some(file.clone());
        }
        for setting in SETTINGS {
            if let Some(text) = matches.get_one::<String>(setting.name) {
                self.given.insert(setting.name, text.clone());
            }
        }
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Settings file, TOML with the names of these flags [env: PENNON_CONFIG]")
            .help_heading("Settings");
        let defaults = Config::default();
        FLAGS.iter().fold(command.arg(file), |command, (flag, setting)| {
            let default = match (setting.show)(&defaults) {
                none if none.is_empty() => String::new(),
                value => format!(" [default: {value}]"),
            };
            let arg = Arg::new(setting.name)
                .long(flag.as_str())
                .value_name(setting.value)
                .help(format!("{}{default} [env: {}]", setting.help, setting.variable()))
                .help_heading("Settings");
            command.arg(if setting.is_switch() {
                arg.num_args(0..=1).require_equals(true).default_missing_value("true")
            } else {
                arg
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
