//! [`Settings`]: what a client does, checked; from the builder first, then from the environment's variables, then defaults.
//!
//! Must not read anything but variables, and those through a function that is passed in.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderValue;

/// No pause and no patience may be longer: it would be a typing error.
const LONGEST: Duration = Duration::from_hours(24);
/// Labels of one instance, which the server shows to people.
const LABELS: usize = 16;
const LABEL_KEY: usize = 64;
const LABEL_VALUE: usize = 128;
/// Characters of an instance's id.
const INSTANCE_ID: usize = 200;

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the setting {name} must be {allowed}")]
pub struct SettingError {
    /// The setting's name, or the variable's.
    pub name: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
}

/// What was given to the builder.
#[derive(Clone, Default)]
pub(crate) struct Given {
    pub(crate) url: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) instance_id: Option<String>,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) events: Option<bool>,
    pub(crate) start_wait: Option<Duration>,
    pub(crate) flush_interval: Option<Duration>,
    pub(crate) stream_wait: Option<Duration>,
    pub(crate) poll_interval: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) backoff_min: Option<Duration>,
    pub(crate) backoff_max: Option<Duration>,
    pub(crate) healthy_after: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
}

/// Without the key, and without the address, in which somebody may have written a password.
impl fmt::Debug for Given {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Given")
            .field("instance_id", &self.instance_id)
            .field("cache_dir", &self.cache_dir)
            .field("labels", &self.labels)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// Where the server is, and how to be let in.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// As it was given, without a slash at its end.
    pub(crate) url: String,
    pub(crate) base: Uri,
    pub(crate) key: String,
    /// `Bearer …`, marked so that nobody logs it.
    pub(crate) authorization: HeaderValue,
}

/// What a client does.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) instance_id: Option<String>,
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) events: bool,
    pub(crate) start_wait: Duration,
    pub(crate) flush_interval: Duration,
    pub(crate) stream_wait: Duration,
    pub(crate) poll_interval: Duration,
    pub(crate) read_timeout: Duration,
    pub(crate) backoff_min: Duration,
    pub(crate) backoff_max: Duration,
    pub(crate) healthy_after: Duration,
    pub(crate) connect_timeout: Duration,
}

/// The defaults, with which nothing is talked to.
impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: None,
            instance_id: None,
            cache_dir: None,
            labels: BTreeMap::new(),
            events: true,
            start_wait: Duration::from_secs(2),
            flush_interval: Duration::from_secs(30),
            stream_wait: Duration::from_secs(10),
            poll_interval: Duration::from_secs(30),
            read_timeout: Duration::from_secs(45),
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_secs(30),
            healthy_after: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Reads one variable.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Checked settings, and what was wrong with variables: those are not used, since nothing may fail because of them.
pub(crate) fn settle(
    given: Given,
    variables: Variables<'_>,
) -> Result<(Settings, Vec<SettingError>), SettingError> {
    let default = Settings::default();
    let mut from = Reader { variables, warnings: Vec::new() };
    let url = from.one(given.url, "url", "PENNON_URL", |text| Some(text.into()), is_url)?;
    let key = from.one(given.key, "key", "PENNON_SDK_KEY", |text| Some(text.into()), is_key)?;
    let settings = Settings {
        endpoint: url.zip(key).and_then(|(url, key)| endpoint(&url, key)),
        instance_id: from.one(
            given.instance_id,
            "instanceId",
            "PENNON_INSTANCE_ID",
            |text| Some(text.into()),
            is_instance_id,
        )?,
        cache_dir: from.one(
            given.cache_dir,
            "cacheDir",
            "PENNON_CACHE_DIR",
            |text| Some(text.into()),
            Check("the path of a folder", |path| !path.as_os_str().is_empty()),
        )?,
        labels: from
            .one(given.labels, "labels", "PENNON_LABELS", read_labels, are_labels)?
            .unwrap_or_default(),
        events: from.one(given.events, "events", "PENNON_EVENTS", read_bool, BOOL)?.unwrap_or(default.events),
        start_wait: from
            .one(given.start_wait, "startWait", "PENNON_START_WAIT", read_seconds, PATIENCE)?
            .unwrap_or(default.start_wait),
        flush_interval: span(given.flush_interval, "flushInterval", default.flush_interval)?,
        stream_wait: span(given.stream_wait, "streamWait", default.stream_wait)?,
        poll_interval: span(given.poll_interval, "pollInterval", default.poll_interval)?,
        read_timeout: span(given.read_timeout, "readTimeout", default.read_timeout)?,
        backoff_min: span(given.backoff_min, "backoffMin", default.backoff_min)?,
        backoff_max: span(given.backoff_max, "backoffMax", default.backoff_max)?,
        healthy_after: span(given.healthy_after, "healthyAfter", default.healthy_after)?,
        connect_timeout: span(given.connect_timeout, "connectTimeout", default.connect_timeout)?,
    };
    if settings.backoff_min > settings.backoff_max {
        return Err(SettingError { name: "backoffMin", allowed: "at most backoffMax" });
    }
    Ok((settings, from.warnings))
}

/// What is allowed, in words and as a test.
struct Check<T>(&'static str, fn(&T) -> bool);

struct Reader<'a> {
    variables: Variables<'a>,
    warnings: Vec<SettingError>,
}

impl Reader<'_> {
    /// What was given, or else what the variable says, if it can be used.
    fn one<T>(
        &mut self,
        given: Option<T>,
        name: &'static str,
        variable: &'static str,
        read: fn(&str) -> Option<T>,
        Check(allowed, fits): Check<T>,
    ) -> Result<Option<T>, SettingError> {
        if let Some(value) = given {
            return if fits(&value) { Ok(Some(value)) } else { Err(SettingError { name, allowed }) };
        }
        // A secret that is mounted as a file ends with a line feed, as a rule.
        let text = (self.variables)(variable).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value = read(text).filter(fits);
        if value.is_none() {
            self.warnings.push(SettingError { name: variable, allowed });
        }
        Ok(value)
    }
}

const BOOL: Check<bool> = Check("true or false", |_| true);
const PATIENCE: Check<Duration> = Check("from nothing to 24 hours", |span| *span <= LONGEST);

fn span(given: Option<Duration>, name: &'static str, default: Duration) -> Result<Duration, SettingError> {
    let span = given.unwrap_or(default);
    let fits = Duration::from_millis(1) <= span && span <= LONGEST;
    if fits { Ok(span) } else { Err(SettingError { name, allowed: "from 1 ms to 24 hours" }) }
}

#[expect(non_upper_case_globals, reason = "reads as the function that it holds")]
const is_url: Check<String> =
    Check("an address that begins with http:// or https://, without a query, a fragment or a user", |url| {
        base(url).is_some()
    });

#[expect(non_upper_case_globals, reason = "reads as the function that it holds")]
const is_key: Check<String> = Check("a key as the server shows it, visible ASCII without spaces", |key| {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic())
});

#[expect(non_upper_case_globals, reason = "reads as the function that it holds")]
const is_instance_id: Check<String> = Check("1 to 200 characters, none of them a control character", |id| {
    let length = id.chars().count();
    (1..=INSTANCE_ID).contains(&length) && !id.chars().any(char::is_control)
});

#[expect(non_upper_case_globals, reason = "reads as the function that it holds")]
const are_labels: Check<BTreeMap<String, String>> =
    Check("at most 16 labels, keys of 1 to 64 characters, values of at most 128", |labels| {
        labels.len() <= LABELS
            && labels.iter().all(|(key, value)| {
                !key.is_empty() && key.chars().count() <= LABEL_KEY && value.chars().count() <= LABEL_VALUE
            })
    });

fn base(url: &str) -> Option<Uri> {
    let uri: Uri = url.trim_end_matches('/').parse().ok()?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority()?;
    let is_plain = uri.query().is_none() && !url.contains('#') && !authority.as_str().contains('@');
    (is_http && is_plain && !authority.host().is_empty()).then_some(uri)
}

fn endpoint(url: &str, key: String) -> Option<Endpoint> {
    let mut authorization = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
    authorization.set_sensitive(true);
    Some(Endpoint { url: url.trim_end_matches('/').into(), base: base(url)?, key, authorization })
}

fn read_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn read_seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// `region=eu,team=shop`
fn read_labels(text: &str) -> Option<BTreeMap<String, String>> {
    let pair = |part: &str| {
        part.split_once('=').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://flags.example.org/base/";

    fn given() -> Given {
        Given { url: Some(URL.into()), key: Some("pnn_srv_x".into()), ..Given::default() }
    }

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn defaults_are_those_of_every_sdk() {
        let (settings, warnings) = settle(given(), &nothing).unwrap();
        let seconds = [
            settings.start_wait,
            settings.flush_interval,
            settings.stream_wait,
            settings.poll_interval,
            settings.read_timeout,
            settings.backoff_min,
            settings.backoff_max,
            settings.healthy_after,
            settings.connect_timeout,
        ]
        .map(|span| span.as_secs());
        assert_eq!(seconds, [2, 30, 10, 30, 45, 1, 30, 60, 10]);
        assert!(settings.events && settings.labels.is_empty() && settings.cache_dir.is_none());
        assert!(warnings.is_empty());
        let endpoint = settings.endpoint.unwrap();
        assert_eq!(
            (endpoint.url.as_str(), endpoint.base.path()),
            ("https://flags.example.org/base", "/base")
        );
        assert!(endpoint.authorization.is_sensitive());
    }

    #[test]
    fn what_cannot_be_used_is_said_with_its_name() {
        let refused = |change: fn(&mut Given)| {
            let mut given = given();
            change(&mut given);
            settle(given, &nothing).err().map(|error| error.name)
        };
        for bad in [
            "",
            "flags.example.org",
            "ftp://a",
            "http://",
            "https://u:p@a",
            "http://a?b",
            "http://a#b",
            "http://a b",
        ] {
            let mut given = given();
            given.url = Some(bad.into());
            assert_eq!(settle(given, &nothing).err().map(|error| error.name), Some("url"), "{bad}");
        }
        assert_eq!(refused(|given| given.key = Some("a b".into())), Some("key"));
        assert_eq!(refused(|given| given.instance_id = Some("a\n".into())), Some("instanceId"));
        assert_eq!(
            refused(|given| given.labels = Some([(String::new(), "x".into())].into())),
            Some("labels")
        );
        assert_eq!(refused(|given| given.flush_interval = Some(Duration::ZERO)), Some("flushInterval"));
        assert_eq!(refused(|given| given.poll_interval = Some(LONGEST * 2)), Some("pollInterval"));
        assert_eq!(refused(|given| given.backoff_min = Some(LONGEST)), Some("backoffMin"));
        assert_eq!(refused(|given| given.start_wait = Some(Duration::ZERO)), None);
    }

    #[test]
    fn variables_stand_in_for_what_was_not_given() {
        let variables = |name: &str| {
            let value = match name {
                "PENNON_URL" => " http://localhost:8080/ ",
                "PENNON_SDK_KEY" => "other\n",
                "PENNON_LABELS" => " region=eu, team=shop, ",
                "PENNON_START_WAIT" => " 0.5 ",
                "PENNON_EVENTS" => "False",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let (settings, warnings) =
            settle(Given { key: Some("own".into()), ..Given::default() }, &variables).unwrap();
        assert!(warnings.is_empty());
        let endpoint = settings.endpoint.unwrap();
        assert_eq!((endpoint.url.as_str(), endpoint.key.as_str()), ("http://localhost:8080", "own"));
        assert_eq!(
            settings.labels,
            BTreeMap::from([("region".into(), "eu".into()), ("team".into(), "shop".into())])
        );
        assert_eq!((settings.start_wait, settings.events), (Duration::from_millis(500), false));
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_a_warning() {
        let variables = |name: &str| (name != "PENNON_SDK_KEY").then(|| "nonsense".to_owned());
        let (settings, warnings) = settle(Given::default(), &variables).unwrap();
        let names: Vec<&str> = warnings.iter().map(|warning| warning.name).collect();
        assert_eq!(names, ["PENNON_URL", "PENNON_LABELS", "PENNON_EVENTS", "PENNON_START_WAIT"]);
        assert!(settings.endpoint.is_none() && settings.events);
    }
}
