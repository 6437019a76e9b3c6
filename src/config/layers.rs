//! Putting the layers on top of each other, and remembering where each value came from. All problems
//! are reported together, so that an operator mends a file once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::Config;
use super::nearest::nearest;
use super::settings::{SETTINGS, Setting};

/// A settings file is small; a larger one is the wrong file.
const FILE_LIMIT: u64 = 1 << 20;
/// Variables that begin like a setting and belong to the command line's client commands.
const CLIENT_VARIABLES: &[&str] =
    &["PENNON_CONFIG", "PENNON_URL", "PENNON_TOKEN", "PENNON_PROJECT", "PENNON_ENVIRONMENT"];

/// What the settings are made from.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The file named by `--config`; else `PENNON_CONFIG` in `environment` names it.
    pub file: Option<PathBuf>,
    /// The process's environment (or a test's).
    pub environment: BTreeMap<String, String>,
    /// Flags by the setting's name.
    pub flags: BTreeMap<&'static str, String>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The settings file, at a line (from 1).
    File(PathBuf, usize),
    /// A variable.
    Environment(String),
    /// A flag, without its dashes.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => formatter.write_str("default"),
            Source::File(path, line) => write!(formatter, "{}:{line}", path.display()),
            Source::Environment(variable) => formatter.write_str(variable),
            Source::Flag(flag) => write!(formatter, "--{flag}"),
        }
    }
}

/// The effective settings and where each came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// One entry for each of [`SETTINGS`], in its order.
    pub sources: Vec<(&'static Setting, Source)>,
    /// What looks like a mistake but may be none, for the log.
    pub warnings: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, or the file.
    pub setting: String,
    /// Where it was said; none for the file itself.
    pub source: Option<Source>,
    /// What is wrong and what is allowed.
    pub detail: String,
}

/// Everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            match &problem.source {
                Some(source) => {
                    write!(formatter, "{newline}{} ({source}): {}", problem.setting, problem.detail)?;
                }
                None => write!(formatter, "{newline}{}: {}", problem.setting, problem.detail)?,
            }
        }
        Ok(())
    }
}

impl Config {
    /// Puts the layers together.
    ///
    /// # Errors
    ///
    /// Every value that is refused, every unknown key of the file, or the file that can't be read.
    pub fn load(input: &Input) -> Result<Loaded, ConfigError> {
        let mut problems = Vec::new();
        let mut given: BTreeMap<&str, (String, Source)> = BTreeMap::new();
        if let Some(path) = file_path(input) {
            read_file(&path, &mut given, &mut problems);
        }
        for setting in SETTINGS {
            // An empty variable is an unset one: compose files pass `VAR=` for what has no value.
            if let Some(text) = input.environment.get(&setting.variable()).filter(|text| !text.is_empty()) {
                given.insert(setting.name, (text.clone(), Source::Environment(setting.variable())));
            }
            if let Some(text) = input.flags.get(setting.name) {
                given.insert(setting.name, (text.clone(), Source::Flag(setting.flag())));
            }
        }
        let mut config = Config::default();
        let mut sources = Vec::new();
        for setting in SETTINGS {
            let Some((text, source)) = given.remove(setting.name) else {
                sources.push((setting, Source::Default));
                continue;
            };
            if let Err(detail) = (setting.set)(&mut config, &text) {
                let setting = setting.name.to_owned();
                problems.push(Problem { setting, source: Some(source.clone()), detail });
            }
            sources.push((setting, source));
        }
        if !problems.is_empty() {
            return Err(ConfigError(problems));
        }
        let warnings = warnings(&input.environment);
        Ok(Loaded { config, sources, warnings })
    }
}

fn file_path(input: &Input) -> Option<PathBuf> {
    let variable =
        || input.environment.get("PENNON_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    input.file.clone().or_else(variable)
}

fn read_file(path: &Path, given: &mut BTreeMap<&str, (String, Source)>, problems: &mut Vec<Problem>) {
    let whole = |detail: String| Problem { setting: path.display().to_string(), source: None, detail };
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) => return problems.push(whole(format!("the settings file can't be read: {error}"))),
    };
    let table = match DeTable::parse(&text) {
        Ok(table) => table,
        // The message without the parser's excerpt, which may hold the database's password.
        Err(error) => {
            let line = line_of(&text, error.span().map_or(0, |span| span.start));
            return problems.push(whole(format!("line {line} is not valid TOML: {}", error.message())));
        }
    };
    for (key, value) in table.get_ref() {
        let source = Source::File(path.to_owned(), line_of(&text, key.span().start));
        let name: &str = key.get_ref();
        let problem =
            |detail: String| Problem { setting: name.to_owned(), source: Some(source.clone()), detail };
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            problems.push(problem(format!("there is no such setting{}", did_you_mean(name))));
            continue;
        };
        match as_text(value.get_ref()) {
            Some(text) => drop(given.insert(setting.name, (text, source))),
            None => problems.push(problem("a text, a whole number, true or false is needed".to_owned())),
        }
    }
}

fn read_text(path: &Path) -> std::io::Result<String> {
    if std::fs::metadata(path)?.len() > FILE_LIMIT {
        return Err(std::io::Error::other(format!("larger than {FILE_LIMIT} bytes")));
    }
    std::fs::read_to_string(path)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count().saturating_add(1)
}

/// A file's value as the text that a variable would have held.
fn as_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Array(items) => {
            let texts: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str()).collect();
            texts.map(|texts| texts.join(","))
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// The nearest setting's name when it is near enough to be meant.
fn did_you_mean(name: &str) -> String {
    match nearest(&name.replace('-', "_"), SETTINGS.iter().map(|setting| setting.name)) {
        Some(near) => format!("; did you mean {near}?"),
        None => String::new(),
    }
}

fn warnings(environment: &BTreeMap<String, String>) -> Vec<String> {
    let mut warnings = Vec::new();
    for variable in environment.keys() {
        let Some(name) = variable.strip_prefix("PENNON_") else { continue };
        let name = name.to_ascii_lowercase();
        // Not refused: Kubernetes sets PENNON_PORT and the like for a service called pennon. Only a
        // name that is near a setting's is worth a word.
        let known = SETTINGS.iter().any(|setting| setting.name == name);
        if known || CLIENT_VARIABLES.contains(&variable.as_str()) {
            continue;
        }
        let near = did_you_mean(&name);
        if !near.is_empty() {
            warnings.push(format!("{variable} is no setting and is ignored{near}"));
        }
    }
    warnings
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
