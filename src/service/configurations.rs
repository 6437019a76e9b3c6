//! A flag's configuration in one environment: read, patched, and the everyday actions, each one transaction.

use super::Service;
use super::audit::Draft;
use super::error::{Current, ServiceError};
use super::request::{IfMatch, Request};
use super::usage::FlagSeen;
use super::validation::{Edit, parse_flag, stored};
use super::view::ConfigurationView;
use super::work::{Begun, Done, Work};
use crate::domain::action::{self, Rollout, RuleStep, Targets, Weights};
use crate::domain::flag::{CONFIGURATION, combined, refuse_unknown};
use crate::domain::images::Head;
use crate::domain::json::Members;
use crate::domain::role::Permission;
use crate::store::environment::Environment;
use crate::store::flag::{self, Configuration, Flag};
use crate::store::version::{self, Version};
use crate::store::{StoreError, environment};

/// Which configuration.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The project's key.
    pub project: &'a str,
    /// The flag's key.
    pub flag: &'a str,
    /// The environment's key.
    pub environment: &'a str,
}

/// What to do with a configuration.
#[derive(Debug)]
pub enum Action {
    /// Enable the flag.
    On,
    /// Disable it: the kill.
    Off,
    /// A merge patch.
    Patch(Members),
    /// A percentage rollout.
    Rollout(Rollout),
    /// New weights of a split.
    Weights(Weights),
    /// Units of a variant's list.
    Targets(Targets),
    /// Steps on the list of rules.
    Rules(Vec<RuleStep>),
    /// An earlier version.
    Revert(i64),
    /// Another environment's configuration, by its key.
    CopyFrom(String),
}

impl Action {
    fn name(&self) -> &'static str {
        match self {
            Action::On => "flag.on",
            Action::Off => "flag.off",
            Action::Patch(_) => "flag.configure",
            Action::Rollout(_) => "flag.rollout",
            Action::Weights(_) => "flag.weights",
            Action::Targets(_) => "flag.targets",
            Action::Rules(_) => "flag.rules",
            Action::Revert(_) => "flag.revert",
            Action::CopyFrom(_) => "flag.copy",
        }
    }

    /// Refuses what is too large to be meant, before anything is locked for it.
    fn check(&self) -> Result<(), ServiceError> {
        match self {
            Action::Rollout(rollout) => {
                action::check_sizes(rollout.by.as_ref().map_or(0, Vec::len), 0, 0, 0)?;
            }
            Action::Weights(weights) => {
                action::check_sizes(weights.by.as_ref().map_or(0, Vec::len), weights.weights.len(), 0, 0)?;
            }
            Action::Targets(targets) => {
                action::check_sizes(0, 0, 0, targets.add.len() + targets.remove.len())?;
            }
            Action::Rules(steps) => action::check_sizes(0, 0, steps.len(), 0)?,
            Action::Patch(patch) => {
                let issues = refuse_unknown(patch, &[&CONFIGURATION]);
                if !issues.is_empty() {
                    return Err(ServiceError::Invalid(issues));
                }
            }
            Action::On | Action::Off | Action::Revert(_) | Action::CopyFrom(_) => {}
        }
        Ok(())
    }
}

/// What a configuration's change starts from.
struct Found {
    flag: Flag,
    environment: Environment,
    row: Configuration,
}

impl Service {
    /// Reads a configuration.
    pub async fn configuration(
        &self,
        request: &Request,
        place: Place<'_>,
    ) -> Result<ConfigurationView, ServiceError> {
        let project = self.project(request, place.project).await?;
        let missing = || ServiceError::NotFound { kind: "environment", key: place.environment.to_owned() };
        let allowed = request.caller.may(Permission::Read, place.project, Some(place.environment));
        allowed.map_err(|denied| ServiceError::denied(&denied, "environment", place.environment))?;
        let environment =
            environment::get(self.db(), place.project, place.environment).await?.ok_or_else(missing)?;
        let flag =
            flag::get(self.db(), &project.id, place.flag).await?.filter(|flag| flag.archived_at.is_none());
        let flag = flag.ok_or_else(|| no_flag(place.flag))?;
        let row = flag::configuration(self.db(), &flag.id, &environment.id).await?;
        let row = row.ok_or_else(|| no_flag(place.flag))?;
        let seen = self.flags_seen(&project.id, (&flag.key, &flag.key)).await?;
        Ok(ConfigurationView {
            revision: Some(environment.revision),
            seen: seen.of(&environment.id, &flag.key),
            ..view(&flag.key, &environment.key, &row)?
        })
    }

    /// Changes a configuration. `Off` needs no If-Match, and `On` and `Off` that change nothing make no revision.
    pub async fn configure(
        &self,
        request: &Request,
        place: Place<'_>,
        if_match: &IfMatch,
        action: &Action,
    ) -> Result<Done<ConfigurationView>, ServiceError> {
        action.check()?;
        let mut work = match self.begin(request, place.project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let found = find(&mut work, place).await?;
        authorise(&work, &found.environment, action)?;
        if !matches!(action, Action::Off) {
            if_match.check(&current(&found.row))?;
        }
        let before = stored(&found.row.document)?;
        let after = apply(&mut work, &found, &before, action).await.map_err(not_the_callers)?;
        if after.to_text() == before.to_text() {
            let revision = Some(found.environment.revision);
            let view =
                ConfigurationView { revision, ..view(&found.flag.key, &found.environment.key, &found.row)? };
            // Whoever turns off what is off already is told when this node serves it, too.
            let at = environment::position(&mut work.tx, &found.environment.id).await?;
            let done = work.unchanged(view).await?;
            let head = at.and_then(|at| {
                let head = Head { epoch: at.epoch, revision: at.revision, change: at.head? };
                Some((at.id, head))
            });
            return Ok(Done { revisions: head.into_iter().collect(), ..done });
        }
        self.write(work, found, (before, after), action).await
    }

    /// Validates and stores a new configuration, with everything that goes with it.
    async fn write(
        &self,
        mut work: Work,
        found: Found,
        (before, after): (Members, Members),
        action: &Action,
    ) -> Result<Done<ConfigurationView>, ServiceError> {
        let Found { flag, environment, row } = found;
        let definition = stored(&flag.definition)?;
        let version = row.version + 1;
        let text = combined(&flag.key, version, &definition, &after);
        let parsed = parse_flag(&flag.key, &text).map_err(|error| action.place(error))?;
        let checked = self.validate(&mut work, &environment, Edit::flag(&flag.key, Some(parsed))).await;
        checked.map_err(|error| action.place(error))?;

        let revision = work.number(&environment).await?;
        let new = Configuration {
            version,
            document: after.to_text(),
            updated_at: work.now,
            updated_by: work.request.caller.name.clone(),
            ..row.clone()
        };
        if !flag::update_configuration(&mut work.tx, &new, row.version).await? {
            return Err(ServiceError::Stale(current(&row)));
        }
        work.change(&environment.id, "flag", &flag.key, Some(&text)).await?;
        remember(&mut work, &new, action.name(), revision).await?;
        work.audit(Draft {
            action: action.name().to_owned(),
            kind: "flag",
            key: flag.key.clone(),
            environment: environment.key.clone(),
            version,
            before: Some(before),
            after: Some(after),
            forced: false,
        });
        let view = ConfigurationView { revision: Some(revision), ..view(&flag.key, &environment.key, &new)? };
        work.finish(view, None).await
    }
}

/// Keeps a version for history and revert.
pub(super) async fn remember(
    work: &mut Work,
    new: &Configuration,
    action: &str,
    revision: i64,
) -> Result<(), ServiceError> {
    let kept = Version {
        resource_id: new.flag_id.clone(),
        environment_id: new.environment_id.clone(),
        version: new.version,
        document: new.document.clone(),
        action: action.to_owned(),
        actor: work.request.caller.name.clone(),
        reason: work.request.reason.clone(),
        revision,
        created_at: work.now,
    };
    Ok(version::insert(&mut work.tx, &kept).await?)
}

async fn find(work: &mut Work, place: Place<'_>) -> Result<Found, ServiceError> {
    let environment = work.environment(place.environment).await?;
    let project_id = work.project_id()?;
    let flag =
        flag::get_in(&mut work.tx, &project_id, place.flag).await?.filter(|flag| flag.archived_at.is_none());
    let flag = flag.ok_or_else(|| no_flag(place.flag))?;
    let row = flag::configuration_in(&mut work.tx, &flag.id, &environment.id).await?;
    let row = row.ok_or_else(|| no_flag(place.flag))?;
    Ok(Found { flag, environment, row })
}

/// Turning off is behind nothing but its own permission.
fn authorise(work: &Work, environment: &Environment, action: &Action) -> Result<(), ServiceError> {
    match action {
        Action::Off => work.authorise(Permission::TurnOff, Some(&environment.key)),
        _ => work.authorise_serving(std::slice::from_ref(environment)),
    }
}

async fn apply(
    work: &mut Work,
    found: &Found,
    before: &Members,
    action: &Action,
) -> Result<Members, ServiceError> {
    let mut after = before.clone();
    match action {
        Action::On => {
            action::set_enabled(&mut after, true)?;
        }
        Action::Off => {
            action::set_enabled(&mut after, false)?;
        }
        Action::Patch(patch) => {
            after.merge(patch)?;
        }
        Action::Rollout(rollout) => action::roll_out(&mut after, rollout)?,
        Action::Weights(weights) => action::reweigh(&mut after, weights)?,
        Action::Targets(targets) => action::retarget(&mut after, targets)?,
        Action::Rules(steps) => action::edit_rules(&mut after, steps)?,
        Action::Revert(wanted) => {
            let kept = version::get(&mut work.tx, &found.flag.id, &found.environment.id, *wanted).await?;
            let kept = kept.ok_or_else(|| {
                let detail = format!("there is no version {wanted}: the flag has 1 to {}", found.row.version);
                ServiceError::invalid("/version", "unknown_version", detail)
            })?;
            after = stored(&kept.document)?;
        }
        Action::CopyFrom(source) => {
            let source = work.environment(source).await?;
            let row = flag::configuration_in(&mut work.tx, &found.flag.id, &source.id).await?;
            after = stored(&row.ok_or_else(|| no_flag(&found.flag.key))?.document)?;
        }
    }
    Ok(after)
}

/// What is stored and cannot be read is no fault of the request.
fn not_the_callers(error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Invalid(issues) if issues.iter().any(|issue| issue.code == action::CORRUPT) => {
            let said = issues.into_iter().map(|issue| issue.detail).collect::<Vec<_>>().join("; ");
            ServiceError::Store(StoreError::Corrupt(said))
        }
        other => other,
    }
}

fn current(row: &Configuration) -> Current {
    Current { version: row.version, updated_by: row.updated_by.clone(), updated_at: row.updated_at }
}

/// A view without the environment's revision.
pub(super) fn view(
    flag: &str,
    environment: &str,
    row: &Configuration,
) -> Result<ConfigurationView, ServiceError> {
    Ok(ConfigurationView {
        flag: flag.to_owned(),
        environment: environment.to_owned(),
        version: row.version,
        revision: None,
        document: stored(&row.document)?,
        updated_at: row.updated_at,
        updated_by: row.updated_by.clone(),
        seen: FlagSeen::default(),
    })
}

pub(super) fn no_flag(key: &str) -> ServiceError {
    ServiceError::NotFound { kind: "flag", key: key.to_owned() }
}
