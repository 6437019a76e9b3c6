//! Flags: made, their definitions changed, archived and brought back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pennon_engine::limits::FLAGS_PER_ENVIRONMENT;

use super::Service;
use super::audit::Draft;
use super::configurations::{no_flag, remember, view};
use super::error::{Current, ServiceError};
pub use super::flag_reads::FlagFilter;
use super::flag_reads::{by_environment, flag_view};
use super::request::{IfMatch, Request};
use super::usage::evaluated_lately;
use super::validation::{Edit, parse_flag, stored};
use super::view::FlagView;
use super::work::{Begun, Done, Work};
use crate::domain::action::set_enabled;
use crate::domain::create::new_flag;
use crate::domain::flag::{
    CONFIGURATION, EVALUATED, FOR_PEOPLE, alters_snapshots, check_for_people, combined, refuse_unknown,
};
use crate::domain::issue::Issue;
use crate::domain::json::Members;
use crate::domain::role::Permission;
use crate::store::environment::Environment;
use crate::store::flag::{self, Configuration, Flag};
use crate::store::version::{self, Version};
use crate::store::{StoreError, new_id};

/// Who is named, of those that depend on something.
const USERS_SHOWN: usize = 20;

/// How a definition changes.
#[derive(Debug)]
pub enum DefinitionEdit {
    /// A merge patch; a new salt moves every user to another bucket, so it must be asked for by name.
    Patch {
        /// The patch.
        patch: Members,
        /// Whether a new salt is meant.
        reshuffle: bool,
    },
    /// An earlier version, under the same condition.
    Revert {
        /// The version.
        version: i64,
        /// Whether a salt that differs is meant.
        reshuffle: bool,
    },
}

/// What becomes of a flag that was evaluated lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InUse {
    /// It stays.
    Refuse,
    /// It is archived all the same, and the audit log says so.
    Archive,
}

/// Which way a flag goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Archiving {
    Archive { is_forced: bool },
    Restore,
}

impl Service {
    /// Makes a flag, disabled in every environment. Who says what it serves there needs the permission to.
    pub async fn create_flag(
        &self,
        request: &Request,
        project: &str,
        body: &Members,
    ) -> Result<Done<FlagView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        work.authorise(Permission::Edit, None)?;
        if says_what_is_served(body) {
            let environments = work.environments().await?;
            work.authorise_serving(&environments)?;
        }
        let view = self.insert_flag(&mut work, body).await?;
        work.finish(view, None).await
    }

    /// Makes a flag within a unit of work.
    pub(super) async fn insert_flag(
        &self,
        work: &mut Work,
        body: &Members,
    ) -> Result<FlagView, ServiceError> {
        let new = new_flag(body)?;
        let project_id = work.project_id()?;
        if let Some(old) = flag::get_in(&mut work.tx, &project_id, new.key.as_str()).await? {
            let hint =
                if old.archived_at.is_some() { ", archived: restore it, or choose another key" } else { "" };
            return Err(ServiceError::Exists { kind: "flag", key: new.key.to_string(), hint });
        }
        room_for_one(work).await?;
        let row = Flag {
            id: new_id(),
            key: new.key.to_string(),
            version: 1,
            definition: new.definition.to_text(),
            created_at: work.now,
            updated_at: work.now,
            archived_at: None,
        };
        flag::insert(&mut work.tx, &project_id, &row).await?;
        let environments = work.environments().await?;
        let text = combined(&row.key, 1, &new.definition, &new.configuration);
        let parsed = parse_flag(&row.key, &text)?;
        let mut configurations = BTreeMap::new();
        for environment in &environments {
            self.validate(work, environment, Edit::flag(&row.key, Some(Arc::clone(&parsed)))).await?;
            let first = Configuration {
                flag_id: row.id.clone(),
                environment_id: environment.id.clone(),
                version: 1,
                document: new.configuration.to_text(),
                updated_at: work.now,
                updated_by: work.request.caller.name.clone(),
            };
            let revision = work.number(environment).await?;
            flag::insert_configuration(&mut work.tx, &first).await?;
            work.change(&environment.id, "flag", &row.key, Some(&text)).await?;
            remember(work, &first, "flag.create", revision).await?;
            configurations.insert(environment.key.clone(), view(&row.key, &environment.key, &first)?);
        }
        keep_definition(work, &row, "flag.create").await?;
        // Every environment begins with the same configuration, so one entry tells of all.
        let mut made = new.definition.clone();
        made.set("configuration", &new.configuration.to_text())?;
        work.audit(draft("flag.create", &row.key, 1, None, Some(made)));
        flag_view(row, configurations)
    }

    /// Changes a definition. What alters the snapshot of a protected environment needs the permission there.
    pub async fn edit_definition(
        &self,
        request: &Request,
        (project, key): (&str, &str),
        if_match: &IfMatch,
        edit: &DefinitionEdit,
    ) -> Result<Done<FlagView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        work.authorise(Permission::Edit, None)?;
        let row = living(&mut work, key).await?;
        let before = stored(&row.definition)?;
        if_match.check(&self.current(&mut work, &row).await?)?;
        let after = edited(&mut work, &row, &before, edit).await?;
        let environments = work.environments().await?;
        let action = match edit {
            DefinitionEdit::Patch { .. } => "flag.edit",
            DefinitionEdit::Revert { .. } => "flag.revert",
        };
        if after.to_text() == before.to_text() {
            let configurations = configurations(&mut work, &row, &environments).await?;
            let view = flag_view(row, configurations)?;
            return work.unchanged(view).await;
        }
        if alters_snapshots(&before, &after) {
            work.authorise_serving(&environments)?;
            for environment in &environments {
                self.reserve(&mut work, environment, &row, &after, (action, false)).await?;
            }
        }
        let now = work.now;
        if !flag::update(&mut work.tx, &row.id, &after.to_text(), row.version, now).await? {
            return Err(ServiceError::Store(StoreError::Missing));
        }
        let new = Flag { version: row.version + 1, definition: after.to_text(), updated_at: now, ..row };
        keep_definition(&mut work, &new, action).await?;
        work.audit(draft(action, &new.key, new.version, Some(before), Some(after)));
        let configurations = configurations(&mut work, &new, &environments).await?;
        let view = flag_view(new, configurations)?;
        work.finish(view, None).await
    }

    /// Puts a flag's definition into one environment's snapshot, disabled if that is wanted, and bumps its configuration.
    async fn reserve(
        &self,
        work: &mut Work,
        environment: &Environment,
        row: &Flag,
        definition: &Members,
        (action, is_disabled): (&str, bool),
    ) -> Result<(), ServiceError> {
        let old = flag::configuration_in(&mut work.tx, &row.id, &environment.id).await?;
        let old = old.ok_or(ServiceError::Store(StoreError::Missing))?;
        let mut document = stored(&old.document)?;
        if is_disabled {
            set_enabled(&mut document, false)?;
        }
        let text = combined(&row.key, old.version + 1, definition, &document);
        let parsed = parse_flag(&row.key, &text).map_err(|error| placed(&environment.key, error))?;
        let checked = self.validate(work, environment, Edit::flag(&row.key, Some(parsed))).await;
        checked.map_err(|error| placed(&environment.key, error))?;
        let revision = work.number(environment).await?;
        let new = Configuration {
            version: old.version + 1,
            document: document.to_text(),
            updated_at: work.now,
            updated_by: work.request.caller.name.clone(),
            ..old.clone()
        };
        if !flag::update_configuration(&mut work.tx, &new, old.version).await? {
            return Err(ServiceError::Store(StoreError::Missing));
        }
        work.change(&environment.id, "flag", &row.key, Some(&text)).await?;
        remember(work, &new, action, revision).await
    }

    /// Archives a flag: it leaves every snapshot. One that others depend on stays, and so does one that was evaluated lately, unless
    /// the caller insists.
    pub async fn archive_flag(
        &self,
        request: &Request,
        (project, key): (&str, &str),
        if_match: &IfMatch,
        when_in_use: InUse,
    ) -> Result<Done<FlagView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        work.authorise(Permission::Edit, None)?;
        let row = living(&mut work, key).await?;
        if_match.check(&self.current(&mut work, &row).await?)?;
        let environments = work.environments().await?;
        work.authorise_serving(&environments)?;
        for environment in &environments {
            let gone = self.validate(&mut work, environment, Edit::flag(key, None)).await;
            gone.map_err(|error| in_use("flag", key, error))?;
            work.number(environment).await?;
            work.change(&environment.id, "flag", key, None).await?;
        }
        let is_forced = match evaluated_lately(&mut work, key, &environments).await? {
            Some(said) if when_in_use == InUse::Refuse => return Err(ServiceError::Evaluated(said)),
            found => found.is_some(),
        };
        let archived = Archiving::Archive { is_forced };
        self.set_archived(work, row, archived, &environments).await
    }

    /// Brings an archived flag back, disabled everywhere.
    pub async fn restore_flag(
        &self,
        request: &Request,
        (project, key): (&str, &str),
        if_match: &IfMatch,
    ) -> Result<Done<FlagView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        work.authorise(Permission::Edit, None)?;
        let project_id = work.project_id()?;
        let row = flag::get_in(&mut work.tx, &project_id, key).await?.ok_or_else(|| no_flag(key))?;
        if_match.check(&self.current(&mut work, &row).await?)?;
        let environments = work.environments().await?;
        if row.archived_at.is_none() {
            let configurations = configurations(&mut work, &row, &environments).await?;
            let view = flag_view(row, configurations)?;
            return work.unchanged(view).await;
        }
        work.authorise_serving(&environments)?;
        room_for_one(&mut work).await?;
        let definition = stored(&row.definition)?;
        for environment in &environments {
            self.reserve(&mut work, environment, &row, &definition, ("flag.restore", true)).await?;
        }
        self.set_archived(work, row, Archiving::Restore, &environments).await
    }

    async fn set_archived(
        &self,
        mut work: Work,
        row: Flag,
        archiving: Archiving,
        environments: &[Environment],
    ) -> Result<Done<FlagView>, ServiceError> {
        let now = work.now;
        let is_archived = archiving != Archiving::Restore;
        let archived_at = is_archived.then_some(now);
        if !flag::set_archived(&mut work.tx, &row.id, archived_at, row.version, now).await? {
            return Err(ServiceError::Store(StoreError::Missing));
        }
        let action = if is_archived { "flag.archive" } else { "flag.restore" };
        let definition = stored(&row.definition)?;
        let new = Flag { version: row.version + 1, updated_at: now, archived_at, ..row };
        keep_definition(&mut work, &new, action).await?;
        let (before, after) = if is_archived { (Some(definition), None) } else { (None, Some(definition)) };
        let forced = archiving == Archiving::Archive { is_forced: true };
        work.audit(Draft { forced, ..draft(action, &new.key, new.version, before, after) });
        let configurations = configurations(&mut work, &new, environments).await?;
        let view = flag_view(new, configurations)?;
        work.finish(view, None).await
    }

    /// Where a definition stands: its last version tells who made it.
    async fn current(&self, work: &mut Work, row: &Flag) -> Result<Current, ServiceError> {
        let last = version::get(&mut work.tx, &row.id, "", row.version).await?;
        let updated_by = last.map_or_else(String::new, |last| last.actor);
        Ok(Current { version: row.version, updated_by, updated_at: row.updated_at })
    }
}

/// A removal that would break others: says whom.
pub(super) fn in_use(kind: &str, key: &str, error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Invalid(issues) => {
            let more = issues.len().saturating_sub(USERS_SHOWN);
            let who: Vec<String> = issues.into_iter().take(USERS_SHOWN).map(|issue| issue.detail).collect();
            let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
            ServiceError::InUse(format!("the {kind} \"{key}\" is in use: {}{rest}", who.join("; ")))
        }
        other => other,
    }
}

/// Refuses another salt that nobody said was meant; the pointer is to where it comes from.
pub(super) fn refuse_reshuffle(
    before: &Members,
    after: &Members,
    (pointer, is_meant): (&str, bool),
) -> Result<(), ServiceError> {
    if is_meant || after.get("salt") == before.get("salt") {
        return Ok(());
    }
    let detail = "a new salt moves every user to another bucket; if that is meant, add ?reshuffle=true";
    Err(ServiceError::invalid(pointer, "reshuffle_required", detail))
}

/// Whether a creation decides what the environments serve from now on: it names the off variant or the fallthrough, or
/// gives a boolean flag an off variant that is not `false`. An off variant of null leaves every caller its own default.
fn says_what_is_served(body: &Members) -> bool {
    let names = |name| body.get(name).is_some_and(|value| value != "null");
    let is_boolean = body.get("type").is_none_or(|kind| matches!(kind, "\"boolean\"" | "null"));
    let off = body.get("variants").and_then(|variants| Members::parse_shallow(variants).ok());
    let is_inverted = || {
        let off = off.as_ref().and_then(|variants| {
            variants.get("off").or_else(|| variants.iter().next().map(|(_, value)| value))
        });
        off == Some("true")
    };
    names("offVariant")
        || names("fallthrough")
        || (is_boolean && body.get("offVariant").is_none() && is_inverted())
}

async fn living(work: &mut Work, key: &str) -> Result<Flag, ServiceError> {
    let project_id = work.project_id()?;
    let row = flag::get_in(&mut work.tx, &project_id, key).await?;
    row.filter(|flag| flag.archived_at.is_none()).ok_or_else(|| no_flag(key))
}

async fn edited(
    work: &mut Work,
    row: &Flag,
    before: &Members,
    edit: &DefinitionEdit,
) -> Result<Members, ServiceError> {
    match edit {
        DefinitionEdit::Patch { patch, reshuffle } => {
            let mut after = before.clone();
            let mut issues = refuse_unknown(patch, &[&EVALUATED, &FOR_PEOPLE]);
            after.merge(patch)?;
            issues.extend(check_for_people(&after));
            if !issues.is_empty() {
                return Err(ServiceError::Invalid(issues));
            }
            if after.get("salt").is_none() {
                after.set_value("salt", &row.key)?;
            }
            refuse_reshuffle(before, &after, ("/salt", *reshuffle))?;
            Ok(after)
        }
        DefinitionEdit::Revert { version: wanted, reshuffle } => {
            let kept = version::get(&mut work.tx, &row.id, "", *wanted).await?;
            let kept = kept.ok_or_else(|| {
                let detail = format!("there is no version {wanted}: the flag has 1 to {}", row.version);
                ServiceError::invalid("/version", "unknown_version", detail)
            })?;
            let after = stored(&kept.document)?;
            refuse_reshuffle(before, &after, ("/version", *reshuffle))?;
            Ok(after)
        }
    }
}

/// An edit of the definition cannot point into a configuration, which the caller did not send: the place is told in words.
fn placed(environment: &str, error: ServiceError) -> ServiceError {
    let ServiceError::Invalid(issues) = error else { return error };
    let told = issues.into_iter().map(|issue| {
        let member = issue.pointer.split('/').nth(1).unwrap_or_default();
        if !CONFIGURATION.contains(&member) {
            return issue;
        }
        let detail =
            format!("in the configuration of \"{environment}\" at {}: {}", issue.pointer, issue.detail);
        Issue::new("", issue.code, detail)
    });
    ServiceError::Invalid(told.collect())
}

/// Refuses one flag more than an environment can serve.
async fn room_for_one(work: &mut Work) -> Result<(), ServiceError> {
    let project_id = work.project_id()?;
    let limit = i64::try_from(FLAGS_PER_ENVIRONMENT).unwrap_or(i64::MAX);
    if flag::count(&mut work.tx, &project_id).await? >= limit {
        let detail = format!("a project holds at most {limit} flags");
        return Err(ServiceError::invalid("", "limit_exceeded", detail));
    }
    Ok(())
}

async fn configurations(
    work: &mut Work,
    row: &Flag,
    environments: &[Environment],
) -> Result<BTreeMap<String, super::view::ConfigurationView>, ServiceError> {
    let rows = flag::configurations_in(&mut work.tx, &row.id).await?;
    let project = work.project()?.key.clone();
    let names: HashMap<String, String> = environments
        .iter()
        .filter(|one| work.request.caller.may(Permission::Read, &project, Some(&one.key)).is_ok())
        .map(|one| (one.id.clone(), one.key.clone()))
        .collect();
    by_environment(&row.key, rows.iter(), &names)
}

async fn keep_definition(work: &mut Work, row: &Flag, action: &str) -> Result<(), ServiceError> {
    let kept = Version {
        resource_id: row.id.clone(),
        environment_id: String::new(),
        version: row.version,
        document: row.definition.clone(),
        action: action.to_owned(),
        actor: work.request.caller.name.clone(),
        reason: work.request.reason.clone(),
        revision: 0,
        created_at: work.now,
    };
    Ok(version::insert(&mut work.tx, &kept).await?)
}

fn draft(action: &str, key: &str, version: i64, before: Option<Members>, after: Option<Members>) -> Draft {
    Draft {
        action: action.to_owned(),
        kind: "flag",
        key: key.to_owned(),
        environment: String::new(),
        version,
        before,
        after,
        forced: false,
    }
}
