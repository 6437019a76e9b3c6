//! Reading what is known of use: how often flags are evaluated, which are asked for and not defined, who is there.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::configurations::no_flag;
use super::error::ServiceError;
use super::request::Request;
use super::view::{ConfigurationView, Page};
use super::work::Work;
use super::{PAGE_LIMIT, Service};
use crate::domain::role::Permission;
use crate::domain::tally::Source;
use crate::store::environment::{self, Environment};
use crate::store::evaluation::{self, Bucket, LastSeen, Range, SPANS};
use crate::store::exposure::{self, Total};
use crate::store::instance;
pub use crate::store::instance::Instance;
use crate::store::project::Project;
use crate::store::track;
pub use crate::store::track::Metric;
use crate::store::unknown_flag::{self, UnknownFlag};
use crate::store::{Tx, flag};

const SECOND: i64 = 1_000_000;
/// A flag that was evaluated so lately is in use: an SDK reports twice a minute, and a code path that nobody took for an hour is
/// not a busy one. Microseconds.
pub const LATELY: i64 = 3_600 * SECOND;
/// Points of one page, all flags together, were each flag one line: a page ends before it holds too many.
const POINTS: i64 = 20_000;

/// The width of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// By the minute.
    Minute,
    /// By the hour.
    Hour,
    /// By the day, UTC.
    Day,
}

impl Step {
    /// All, from the finest.
    pub const ALL: [Step; 3] = [Step::Minute, Step::Hour, Step::Day];

    /// The word, on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Minute => "minute",
            Step::Hour => "hour",
            Step::Day => "day",
        }
    }

    /// Microseconds.
    #[must_use]
    pub fn micros(self) -> i64 {
        match self {
            Step::Minute => 60 * SECOND,
            Step::Hour => 3_600 * SECOND,
            Step::Day => 86_400 * SECOND,
        }
    }

    /// Points that are shown when nobody says how many.
    #[must_use]
    pub fn usual(self) -> i64 {
        match self {
            Step::Minute => 60,
            Step::Hour => 24,
            Step::Day => 30,
        }
    }

    /// Points that can be asked for: a day of minutes, a month of hours, all days that are kept.
    #[must_use]
    pub fn most(self) -> i64 {
        match self {
            Step::Minute => 1_440,
            Step::Hour => 744,
            Step::Day => 92,
        }
    }

    /// The roll-up that it is read from, seconds.
    fn span(self) -> i64 {
        let [minute, hour] = SPANS;
        if self == Step::Minute { minute } else { hour }
    }
}

/// What is asked of an environment.
#[derive(Debug, Clone)]
pub struct Window {
    /// From then on, microseconds.
    pub from: i64,
    /// Until before then, microseconds.
    pub to: i64,
    /// The width of a point.
    pub step: Step,
}

/// What is known of the use of flags.
#[derive(Debug)]
pub struct Usage {
    /// The flags, by key.
    pub flags: Page<FlagUsage>,
    /// What was tracked in the environment; None beyond the first page, and of one flag.
    pub tracks: Option<Vec<Metric>>,
}

/// What is known of the use of one flag.
#[derive(Debug, Default)]
pub struct FlagUsage {
    /// Its key.
    pub flag: String,
    /// When it was evaluated.
    pub seen: FlagSeen,
    /// How often what came of it, in the order of variant, outcome and source.
    pub series: Vec<Series>,
    /// How many units met the arms of runs, since these began.
    pub exposures: Vec<Total>,
}

/// When a flag was evaluated in an environment; microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlagSeen {
    /// The first time, by anybody.
    pub first_at: Option<i64>,
    /// The last time that somebody wanted this flag.
    pub last_at: Option<i64>,
    /// The last time that it was handed out together with all others.
    pub bulk_at: Option<i64>,
}

/// Evaluations that came to the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Series {
    /// The variant; "" for the caller's own default.
    pub variant: String,
    /// The reason, or the code of an error.
    pub outcome: String,
    /// Who counted.
    pub source: String,
    /// Where each point begins (microseconds), and how many; those without any are left out.
    pub points: Vec<(i64, i64)>,
}

/// One process, as the database knows it, or only as somebody who listens.
#[derive(Debug)]
pub enum Present {
    /// It has told of itself.
    Told(Box<Instance>),
    /// It listens to this node, and has told nothing yet: its name for itself.
    Listening(String),
}

impl FlagSeen {
    fn add(&mut self, seen: &LastSeen) {
        self.first_at = Some(self.first_at.map_or(seen.first_at, |at| at.min(seen.first_at)));
        let last = if seen.source == Source::Bulk.as_str() { &mut self.bulk_at } else { &mut self.last_at };
        *last = Some(last.map_or(seen.last_at, |at| at.max(seen.last_at)));
    }
}

/// When flags of a project were evaluated, by environment.
pub(super) struct FlagsSeen(Vec<LastSeen>);

impl FlagsSeen {
    /// When a flag was evaluated in an environment.
    pub(super) fn of(&self, environment_id: &str, flag: &str) -> FlagSeen {
        let mut seen = FlagSeen::default();
        let is_of = |row: &&LastSeen| row.environment_id == environment_id && row.flag == flag;
        self.0.iter().filter(is_of).for_each(|row| seen.add(row));
        seen
    }

    /// Adds it to a flag's configurations; `names` are the keys of environments by their ids.
    pub(super) fn note(
        &self,
        flag: &str,
        names: &HashMap<String, String>,
        configurations: &mut BTreeMap<String, ConfigurationView>,
    ) {
        for row in self.0.iter().filter(|row| row.flag == flag) {
            let name = names.get(&row.environment_id);
            if let Some(configuration) = name.and_then(|name| configurations.get_mut(name)) {
                configuration.seen.add(row);
            }
        }
    }
}

impl Service {
    /// Reads the use of a page of flags after a key, or of one flag.
    pub async fn usage(
        &self,
        request: &Request,
        (project, environment): (&str, &str),
        flag: Option<&str>,
        window: &Window,
        (after, limit): (&str, i64),
    ) -> Result<Usage, ServiceError> {
        let (project, environment) = self.place(request, project, environment).await?;
        if let Some(key) = flag {
            flag::get(self.db(), &project.id, key).await?.ok_or_else(|| no_flag(key))?;
        }
        let points = ((window.to - window.from) / window.step.micros()).max(1);
        let limit = limit.clamp(1, PAGE_LIMIT).min((POINTS / points).max(1));
        let mut tx = self.db().begin_read().await?;
        let (keys, next) = match flag {
            Some(key) => (vec![key.to_owned()], None),
            None => {
                let keys = evaluation::flags(&mut tx, &environment.id, after, limit + 1).await?;
                let page = Page::cut(keys, limit, Clone::clone);
                (page.items, page.next)
            }
        };
        let items = flags(&mut tx, &environment.id, &keys, window).await?;
        let tracks = if flag.is_none() && after.is_empty() {
            let range = (window.from, window.to);
            Some(track::metrics(&mut tx, &environment.id, window.step.span(), range).await?)
        } else {
            None
        };
        Ok(Usage { flags: Page { items, next }, tracks })
    }

    /// Reads a page of the flags that were asked for and are not defined.
    pub async fn unknown_flags(
        &self,
        request: &Request,
        (project, environment): (&str, &str),
        (after, limit): (&str, i64),
    ) -> Result<Page<UnknownFlag>, ServiceError> {
        let (project, environment) = self.place(request, project, environment).await?;
        let limit = limit.clamp(1, PAGE_LIMIT);
        let mut tx = self.db().begin_read().await?;
        let place = (environment.id.as_str(), project.id.as_str());
        let found = unknown_flag::page(&mut tx, place, after, limit + 1).await?;
        Ok(Page::cut(found, limit, |flag| flag.flag.clone()))
    }

    /// Reads a page of an environment's processes, by their names and sessions, those who only listen to this node included:
    /// `listening` gives their names for an environment's id.
    pub async fn instances(
        &self,
        request: &Request,
        (project, environment): (&str, &str),
        (after, limit): ((&str, &str), i64),
        listening: impl FnOnce(&str) -> Vec<String> + Send,
    ) -> Result<Page<Present>, ServiceError> {
        let (_, environment) = self.place(request, project, environment).await?;
        let limit = limit.clamp(1, PAGE_LIMIT);
        let mut names = listening(&environment.id);
        names.retain(|name| name.as_str() > after.0);
        names.sort_unstable();
        names.dedup();
        names.truncate(usize::try_from(limit + 1).unwrap_or(0));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut tx = self.db().begin_read().await?;
        let told = instance::page(&mut tx, &environment.id, after, limit + 1).await?;
        let known = instance::known(&mut tx, &environment.id, &names).await?;
        let silent = names.iter().filter(|name| !known.iter().any(|own| own == *name));
        let mut all: Vec<Present> = told.into_iter().map(|own| Present::Told(Box::new(own))).collect();
        all.extend(silent.map(|name| Present::Listening((*name).to_owned())));
        all.sort_by(|a, b| a.name().cmp(&b.name()));
        Ok(Page::cut(all, limit, Present::cursor))
    }

    /// When the flags between two keys were evaluated in a project's environments.
    pub(super) async fn flags_seen(
        &self,
        project_id: &str,
        keys: (&str, &str),
    ) -> Result<FlagsSeen, ServiceError> {
        let mut tx = self.db().begin_read().await?;
        Ok(FlagsSeen(evaluation::seen_between(&mut tx, project_id, keys).await?))
    }

    async fn place(
        &self,
        request: &Request,
        project: &str,
        environment: &str,
    ) -> Result<(Project, Environment), ServiceError> {
        let project = self.project(request, project).await?;
        let missing = || ServiceError::NotFound { kind: "environment", key: environment.to_owned() };
        if request.caller.may(Permission::Read, &project.key, Some(environment)).is_err() {
            return Err(missing());
        }
        let environment =
            environment::get(self.db(), &project.key, environment).await?.ok_or_else(missing)?;
        Ok((project, environment))
    }
}

impl Present {
    /// Its name for itself, and its session.
    #[must_use]
    pub fn name(&self) -> (&str, &str) {
        match self {
            Present::Told(own) => (&own.instance_id, &own.session),
            Present::Listening(name) => (name, ""),
        }
    }

    fn cursor(&self) -> String {
        let (name, session) = self.name();
        format!("{session}/{name}")
    }

    /// The place of a cursor: a session has no slash.
    #[must_use]
    pub fn after(cursor: &str) -> (&str, &str) {
        let (session, name) = cursor.split_once('/').unwrap_or(("", cursor));
        (name, session)
    }
}

async fn flags(
    tx: &mut Tx,
    environment_id: &str,
    keys: &[String],
    window: &Window,
) -> Result<Vec<FlagUsage>, ServiceError> {
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let (from, to) = (window.from, window.to);
    let range = Range { from, to, span: window.step.span(), step: window.step.micros() };
    let mut all: BTreeMap<&str, FlagUsage> = BTreeMap::new();
    for key in keys {
        all.insert(key, FlagUsage { flag: key.clone(), ..FlagUsage::default() });
    }
    for bucket in evaluation::buckets(tx, environment_id, &names, range).await? {
        if let Some(flag) = all.get_mut(bucket.flag.as_str()) {
            flag.add(bucket);
        }
    }
    for total in exposure::totals(tx, environment_id, &names).await? {
        if let Some(flag) = all.get_mut(total.flag.as_str()) {
            flag.exposures.push(total);
        }
    }
    for row in evaluation::seen(tx, environment_id, &names).await? {
        if let Some(flag) = all.get_mut(row.flag.as_str()) {
            flag.seen.add(&row);
        }
    }
    Ok(all.into_values().collect())
}

impl FlagUsage {
    /// Adds a point; they come in the order of their series and of time.
    fn add(&mut self, bucket: Bucket) {
        let point = (bucket.at, bucket.count);
        let is_same = |own: &&mut Series| {
            (&own.variant, &own.outcome, &own.source) == (&bucket.variant, &bucket.outcome, &bucket.source)
        };
        match self.series.last_mut().filter(is_same) {
            Some(series) => series.points.push(point),
            None => self.series.push(Series {
                variant: bucket.variant,
                outcome: bucket.outcome,
                source: bucket.source,
                points: vec![point],
            }),
        }
    }
}

/// Says where a flag was evaluated lately, and how long ago, if it was.
pub(super) async fn evaluated_lately(
    work: &mut Work,
    key: &str,
    environments: &[Environment],
) -> Result<Option<String>, ServiceError> {
    let (project, now) = (work.project_id()?, work.now);
    let rows = evaluation::seen_between(&mut work.tx, &project, (key, key)).await?;
    let mut said = String::new();
    for environment in environments {
        let lately = |row: &&LastSeen| row.environment_id == environment.id && row.last_at > now - LATELY;
        let Some(last) = rows.iter().filter(lately).max_by_key(|row| row.last_at) else { continue };
        let between = if said.is_empty() { "" } else { ", " };
        let ago = (now - last.last_at).max(0) / SECOND;
        let ago = if ago < 60 { format!("{ago} s") } else { format!("{} min", ago / 60) };
        let how = if last.source == Source::Bulk.as_str() { ", in an answer for all flags" } else { "" };
        // Writing into a text does not fail.
        let _ = write!(said, "{between}in {} {ago} ago{how}", environment.key);
    }
    let told = || {
        format!(
            "the flag \"{key}\" was evaluated in the last hour: {said}. Code that asks for it would get its own default; if that is meant, add ?force=true"
        )
    };
    Ok((!said.is_empty()).then(told))
}
