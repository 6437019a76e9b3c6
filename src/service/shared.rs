//! Segments and layers: project-wide documents; an edit counts as an edit of every environment of the project.

use std::sync::Arc;

use pennon_engine::{Layer, Reading, Segment};

use super::audit::Draft;
use super::error::{Current, ServiceError};
use super::flags::{in_use, refuse_reshuffle};
use super::request::{IfMatch, Request};
use super::validation::{Edit, SHARED_FOR_PEOPLE, refuse, served_document, stored};
use super::view::{Page, SharedView};
use super::work::{Begun, Done, Work};
use super::{PAGE_LIMIT, Service};
use crate::domain::create::read_key;
use crate::domain::flag::{check_for_people, refuse_unknown};
use crate::domain::json::Members;
use crate::domain::role::Permission;
use crate::store::environment::Environment;
use crate::store::shared::{self, Shared};

pub use crate::store::shared::Kind;
use crate::store::version::{self, Version};
use crate::store::{StoreError, new_id};

const SEGMENT: [&str; 5] = ["salt", "by", "included", "excluded", "when"];
const LAYER: [&str; 2] = ["salt", "by"];

/// Which segment or layer.
#[derive(Debug, Clone, Copy)]
pub struct SharedPlace<'a> {
    /// The project's key.
    pub project: &'a str,
    /// Segment or layer.
    pub kind: Kind,
    /// Its key.
    pub key: &'a str,
}

/// How a segment or a layer changes.
#[derive(Debug)]
pub enum SharedEdit {
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
    /// It leaves every snapshot.
    Archive,
    /// It comes back as it was.
    Restore,
}

impl SharedEdit {
    fn action(&self, kind: Kind) -> String {
        let verb = match self {
            SharedEdit::Patch { .. } => "edit",
            SharedEdit::Revert { .. } => "revert",
            SharedEdit::Archive => "archive",
            SharedEdit::Restore => "restore",
        };
        format!("{}.{verb}", kind.as_str())
    }
}

impl Service {
    /// Makes a segment or a layer.
    pub async fn create_shared(
        &self,
        request: &Request,
        project: &str,
        kind: Kind,
        body: &Members,
    ) -> Result<Done<SharedView>, ServiceError> {
        let mut work = match self.begin(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        work.authorise(Permission::Edit, None)?;
        let key = read_key(body)?;
        let mut document = body.clone().without_nulls();
        document.remove("key");
        if document.get("salt").is_none() {
            document.set_value("salt", key.as_str())?;
        }
        check(kind, &document)?;
        let project_id = work.project_id()?;
        if let Some(old) = shared::get_in(&mut work.tx, &project_id, kind, key.as_str()).await? {
            let hint =
                if old.archived_at.is_some() { ", archived: restore it, or choose another key" } else { "" };
            return Err(ServiceError::Exists { kind: kind.as_str(), key: key.to_string(), hint });
        }
        let row = Shared {
            id: new_id(),
            key: key.to_string(),
            version: 1,
            document: document.to_text(),
            created_at: work.now,
            updated_at: work.now,
            archived_at: None,
        };
        shared::insert(&mut work.tx, &project_id, kind, &row).await?;
        let environments = work.environments().await?;
        self.serve(&mut work, &environments, kind, &row.key, Some(&document)).await?;
        let action = format!("{}.create", kind.as_str());
        keep(&mut work, &row, &action).await?;
        work.audit(draft(&action, kind, &row, None, Some(document)));
        let view = view(&row)?;
        work.finish(view, None).await
    }

    /// Reads one, archived or not.
    pub async fn shared(
        &self,
        request: &Request,
        place: SharedPlace<'_>,
    ) -> Result<SharedView, ServiceError> {
        let project = self.project(request, place.project).await?;
        let row = shared::get(self.db(), &project.id, place.kind, place.key).await?;
        view(&row.ok_or_else(|| missing(place))?)
    }

    /// Reads a page after a key.
    pub async fn shared_page(
        &self,
        request: &Request,
        (project, kind): (&str, Kind),
        after: &str,
        limit: i64,
    ) -> Result<Page<SharedView>, ServiceError> {
        let project = self.project(request, project).await?;
        let limit = limit.clamp(1, PAGE_LIMIT);
        let rows = shared::page(self.db(), &project.id, kind, after, limit + 1).await?;
        let page = Page::cut_within(rows, limit, |row| row.document.len(), |row| row.key.clone());
        let items = page.items.iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page { items, next: page.next })
    }

    /// Changes one; every environment of the project gets a new revision.
    pub async fn edit_shared(
        &self,
        request: &Request,
        place: SharedPlace<'_>,
        if_match: &IfMatch,
        edit: &SharedEdit,
    ) -> Result<Done<SharedView>, ServiceError> {
        let mut work = match self.begin(request, place.project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        work.authorise(Permission::Edit, None)?;
        let project_id = work.project_id()?;
        let row = shared::get_in(&mut work.tx, &project_id, place.kind, place.key).await?;
        let restoring = matches!(edit, SharedEdit::Restore);
        let row = row.filter(|row| restoring || row.archived_at.is_none()).ok_or_else(|| missing(place))?;
        if_match.check(&current(&mut work, &row).await?)?;
        let before = stored(&row.document)?;
        let after = edited(&mut work, place, &row, &before, edit).await?;
        let same = after.to_text() == before.to_text();
        let settled = match edit {
            SharedEdit::Archive => false,
            SharedEdit::Restore => row.archived_at.is_none(),
            SharedEdit::Patch { .. } | SharedEdit::Revert { .. } => same,
        };
        if settled {
            let view = view(&row)?;
            return work.unchanged(view).await;
        }
        if served_document(&after).to_text() != served_document(&before).to_text() || same {
            let environments = work.environments().await?;
            work.authorise_serving(&environments)?;
            let served = (!matches!(edit, SharedEdit::Archive)).then_some(&after);
            self.serve(&mut work, &environments, place.kind, &row.key, served).await?;
        }
        self.store_shared(work, place.kind, row, (before, after), edit).await
    }

    async fn store_shared(
        &self,
        mut work: Work,
        kind: Kind,
        row: Shared,
        (before, after): (Members, Members),
        edit: &SharedEdit,
    ) -> Result<Done<SharedView>, ServiceError> {
        let now = work.now;
        let archived_at = if matches!(edit, SharedEdit::Archive) { Some(now) } else { None };
        let stored = match edit {
            SharedEdit::Archive | SharedEdit::Restore => {
                shared::set_archived(&mut work.tx, &row.id, archived_at, row.version, now).await?
            }
            _ => shared::update(&mut work.tx, &row.id, &after.to_text(), row.version, now).await?,
        };
        if !stored {
            return Err(ServiceError::Store(StoreError::Missing));
        }
        let new = Shared {
            version: row.version + 1,
            document: after.to_text(),
            updated_at: now,
            archived_at,
            ..row
        };
        let action = edit.action(kind);
        keep(&mut work, &new, &action).await?;
        let after = (!matches!(edit, SharedEdit::Archive)).then_some(after);
        work.audit(draft(&action, kind, &new, Some(before), after));
        let view = view(&new)?;
        work.finish(view, None).await
    }

    /// Puts a document into every environment's snapshot, or takes it out.
    async fn serve(
        &self,
        work: &mut Work,
        environments: &[Environment],
        kind: Kind,
        key: &str,
        document: Option<&Members>,
    ) -> Result<(), ServiceError> {
        let text = document.map(|document| served_document(document).to_text());
        for environment in environments {
            let edit = parsed(kind, key, text.as_deref())?;
            let checked = self.validate(work, environment, edit).await;
            if document.is_none() {
                checked.map_err(|error| in_use(kind.as_str(), key, error))?;
            } else {
                checked?;
            }
            work.number(environment).await?;
            work.change(&environment.id, kind.as_str(), key, text.as_deref()).await?;
        }
        Ok(())
    }
}

fn parsed(kind: Kind, key: &str, text: Option<&str>) -> Result<Edit, ServiceError> {
    let mut edit = Edit::default();
    match kind {
        Kind::Segment => {
            let segment = text.map(|text| Segment::parse(key, text, Reading::Strict));
            refuse(segment.as_ref().map_or(&[], |segment| segment.issues()))?;
            edit.segments.push((key.to_owned(), segment.map(Arc::new)));
        }
        Kind::Layer => {
            let layer = text.map(|text| Layer::parse(key, text, Reading::Strict));
            refuse(layer.as_ref().map_or(&[], |layer| layer.issues()))?;
            edit.layers.push((key.to_owned(), layer.map(Arc::new)));
        }
    }
    Ok(edit)
}

fn check(kind: Kind, document: &Members) -> Result<(), ServiceError> {
    let own: &[&str] = if kind == Kind::Segment { &SEGMENT } else { &LAYER };
    let mut issues = refuse_unknown(document, &[own, &SHARED_FOR_PEOPLE]);
    issues.extend(check_for_people(document));
    if issues.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(issues)) }
}

async fn edited(
    work: &mut Work,
    place: SharedPlace<'_>,
    row: &Shared,
    before: &Members,
    edit: &SharedEdit,
) -> Result<Members, ServiceError> {
    match edit {
        SharedEdit::Archive | SharedEdit::Restore => Ok(before.clone()),
        SharedEdit::Patch { patch, reshuffle } => {
            check(place.kind, patch).or_else(|error| ignore_nulls(patch, error))?;
            let mut after = before.clone();
            after.merge(patch)?;
            if after.get("salt").is_none() {
                after.set_value("salt", &row.key)?;
            }
            check(place.kind, &after)?;
            refuse_reshuffle(before, &after, ("/salt", *reshuffle))?;
            Ok(after)
        }
        SharedEdit::Revert { version: wanted, reshuffle } => {
            let kept = version::get(&mut work.tx, &row.id, "", *wanted).await?;
            let kept = kept.ok_or_else(|| {
                let detail = format!("there is no version {wanted}: there are 1 to {}", row.version);
                ServiceError::invalid("/version", "unknown_version", detail)
            })?;
            let after = stored(&kept.document)?;
            refuse_reshuffle(before, &after, ("/version", *reshuffle))?;
            Ok(after)
        }
    }
}

/// A null in a patch removes a member, so only names matter there, not the type of the null.
fn ignore_nulls(patch: &Members, error: ServiceError) -> Result<(), ServiceError> {
    let ServiceError::Invalid(issues) = error else { return Err(error) };
    let issues: Vec<_> = issues
        .into_iter()
        .filter(|issue| {
            issue.code == "unknown_member" || patch.get(issue.pointer.trim_start_matches('/')) != Some("null")
        })
        .collect();
    if issues.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(issues)) }
}

async fn current(work: &mut Work, row: &Shared) -> Result<Current, ServiceError> {
    let last = version::get(&mut work.tx, &row.id, "", row.version).await?;
    let updated_by = last.map_or_else(String::new, |last| last.actor);
    Ok(Current { version: row.version, updated_by, updated_at: row.updated_at })
}

async fn keep(work: &mut Work, row: &Shared, action: &str) -> Result<(), ServiceError> {
    let kept = Version {
        resource_id: row.id.clone(),
        environment_id: String::new(),
        version: row.version,
        document: row.document.clone(),
        action: action.to_owned(),
        actor: work.request.caller.name.clone(),
        reason: work.request.reason.clone(),
        revision: 0,
        created_at: work.now,
    };
    Ok(version::insert(&mut work.tx, &kept).await?)
}

fn view(row: &Shared) -> Result<SharedView, ServiceError> {
    Ok(SharedView {
        key: row.key.clone(),
        version: row.version,
        document: stored(&row.document)?,
        created_at: row.created_at,
        updated_at: row.updated_at,
        archived_at: row.archived_at,
    })
}

fn missing(place: SharedPlace<'_>) -> ServiceError {
    ServiceError::NotFound { kind: place.kind.as_str(), key: place.key.to_owned() }
}

fn draft(action: &str, kind: Kind, row: &Shared, before: Option<Members>, after: Option<Members>) -> Draft {
    Draft {
        action: action.to_owned(),
        kind: kind.as_str(),
        key: row.key.clone(),
        environment: String::new(),
        version: row.version,
        before,
        after,
        forced: false,
    }
}
