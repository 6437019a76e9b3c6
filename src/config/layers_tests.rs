//! Tests of the layers: who wins, what is refused and where it was said.

use super::*;

fn input(environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Input {
    Input {
        file: None,
        environment: environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        flags: flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
    }
}

/// A settings file in a directory of its own, removed when dropped.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> File {
        let random: u64 = getrandom::u64().unwrap();
        let path = std::env::temp_dir().join(format!("pennon-{random:016x}.toml"));
        std::fs::write(&path, text).unwrap();
        File(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

fn source(loaded: &Loaded, name: &str) -> Source {
    loaded.sources.iter().find(|(setting, _)| setting.name == name).unwrap().1.clone()
}

fn only_problem(input: &Input) -> Problem {
    let ConfigError(problems) = Config::load(input).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().unwrap()
}

#[test]
fn nothing_said_gives_the_defaults() {
    let loaded = Config::load(&Input::default()).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.sources.iter().all(|(_, source)| *source == Source::Default));
    assert_eq!(loaded.sources.len(), SETTINGS.len());
}

#[test]
fn flags_beat_the_environment_which_beats_the_file_which_beats_the_defaults() {
    let file = File::new("listen = \"127.0.0.1:1\"\nbase_path = \"/file\"\nlog_level = \"warn\"\n");
    let mut input = input(
        &[("PENNON_LISTEN", "127.0.0.1:2"), ("PENNON_BASE_PATH", "/environment")],
        &[("listen", "127.0.0.1:3")],
    );
    input.file = Some(file.0.clone());
    let loaded = Config::load(&input).unwrap();
    assert_eq!(loaded.config.listen.port(), 3);
    assert_eq!(loaded.config.base_path, "/environment");
    assert_eq!(loaded.config.log_level, "warn");
    assert_eq!(loaded.config.body_limit, super::super::BODY_LIMIT);
    assert_eq!(source(&loaded, "listen"), Source::Flag("listen".to_owned()));
    assert_eq!(source(&loaded, "base_path"), Source::Environment("PENNON_BASE_PATH".to_owned()));
    assert_eq!(source(&loaded, "log_level"), Source::File(file.0.clone(), 3));
    assert_eq!(source(&loaded, "body_limit"), Source::Default);
}

#[test]
fn a_file_holds_texts_numbers_truths_and_lists() {
    let file = File::new(
        "max_connections = 5_000\nmigrate = false\npoll_interval = \"2s\"\ncors_origins = [\"https://a.example\", \"https://b.example\"]\nbody_limit = 2048\n",
    );
    let config = Config::load(&Input { file: Some(file.0.clone()), ..Input::default() }).unwrap().config;
    assert_eq!(config.max_connections, 5_000);
    assert!(!config.migrate);
    assert_eq!(config.poll_interval, std::time::Duration::from_secs(2));
    assert_eq!(config.cors_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(config.body_limit, 2_048);
}

#[test]
fn the_environment_names_the_file_and_the_flag_wins() {
    let (first, second) = (File::new("log_level = \"warn\""), File::new("log_level = \"error\""));
    let mut input = input(&[("PENNON_CONFIG", first.0.to_str().unwrap())], &[]);
    assert_eq!(Config::load(&input).unwrap().config.log_level, "warn");
    input.file = Some(second.0.clone());
    assert_eq!(Config::load(&input).unwrap().config.log_level, "error");
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_near_name() {
    let file = File::new("# settings\n\nlog-levle = \"info\"\n");
    let problem = only_problem(&Input { file: Some(file.0.clone()), ..Input::default() });
    assert_eq!(problem.setting, "log-levle");
    assert_eq!(problem.source, Some(Source::File(file.0.clone(), 3)));
    assert!(problem.detail.contains("did you mean log_level?"), "{}", problem.detail);
}

#[test]
fn a_table_a_float_or_broken_toml_is_refused() {
    for (text, wrong) in [
        ("[listen]\nport = 1\n", "is needed"),
        ("max_connections = 1.5", "is needed"),
        ("listen = ", "not valid TOML"),
        ("migrate = true\nmigrate = false", "not valid TOML"),
    ] {
        let file = File::new(text);
        let problem = only_problem(&Input { file: Some(file.0.clone()), ..Input::default() });
        assert!(problem.detail.contains(wrong), "{text}: {}", problem.detail);
    }
}

#[test]
fn a_missing_file_is_refused() {
    let problem =
        only_problem(&Input { file: Some(PathBuf::from("/nowhere/pennon.toml")), ..Input::default() });
    assert!(problem.detail.contains("can't be read"), "{}", problem.detail);
}

#[test]
fn all_problems_come_together_each_with_its_source() {
    let error = Config::load(&input(&[("PENNON_LISTEN", "nowhere")], &[("poll_interval", "1")])).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("listen (PENNON_LISTEN): `nowhere` is no address"), "{text}");
    assert!(text.contains("poll_interval (--poll-interval): `1` lacks a unit"), "{text}");
}

#[test]
fn no_error_and_no_shown_value_holds_a_password() {
    let error = Config::load(&input(&[("PENNON_DATABASE_URL", "mysql://u:hunter2@h/d")], &[])).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let loaded = Config::load(&input(&[("PENNON_DATABASE_URL", "postgres://u:hunter2@h/d")], &[])).unwrap();
    assert!(!format!("{:?}", loaded.config).contains("hunter2"));
    for setting in SETTINGS {
        assert!(!(setting.show)(&loaded.config).contains("hunter2"), "{}", setting.name);
    }
}

#[test]
fn a_syntax_error_names_its_line_and_does_not_show_it() {
    let file = File::new("migrate = true\ndatabase_url = \"postgres://u:hunter2@h/d\n");
    let problem = only_problem(&Input { file: Some(file.0.clone()), ..Input::default() });
    assert!(problem.detail.contains("line 2 ") && !problem.detail.contains("hunter2"), "{}", problem.detail);
}

#[test]
fn what_every_setting_shows_it_also_reads() {
    let config = Config::default();
    for setting in SETTINGS {
        let shown = (setting.show)(&config);
        if !shown.is_empty() {
            let mut again = config.clone();
            assert_eq!((setting.set)(&mut again, &shown), Ok(()), "{}", setting.name);
            assert_eq!(again, config, "{}", setting.name);
        }
    }
}

#[test]
fn an_empty_variable_is_unset_and_foreign_ones_are_ignored() {
    let loaded = Config::load(&input(
        &[
            ("PENNON_DATABASE_URL", ""),
            ("PENNON_PORT", "tcp://10.0.0.1:80"),
            ("PENNON_TOKEN", "x"),
            ("HOME", "/"),
        ],
        &[],
    ));
    let loaded = loaded.unwrap();
    assert_eq!(loaded.config.database_url, None);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn a_variable_that_is_nearly_a_setting_is_worth_a_warning() {
    let loaded = Config::load(&input(&[("PENNON_LISTN", "x")], &[])).unwrap();
    assert_eq!(loaded.warnings, ["PENNON_LISTN is no setting and is ignored; did you mean listen?"]);
}

#[test]
fn the_database_is_a_file_unless_the_url_is_of_postgres() {
    use super::super::Database;
    let database =
        |url: &str| Config::load(&input(&[("PENNON_DATABASE_URL", url)], &[])).unwrap().config.database();
    assert_eq!(database(""), Database::Sqlite(PathBuf::from("pennon-data/pennon.db")));
    assert_eq!(database("sqlite:a.db"), Database::Sqlite(PathBuf::from("a.db")));
    assert_eq!(database("sqlite:///var/a.db"), Database::Sqlite(PathBuf::from("/var/a.db")));
    assert!(matches!(database("postgresql://u:p@h/d"), Database::Postgres(_)));
}
