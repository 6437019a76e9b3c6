//! Keys and tokens: made, listed, rotated with an overlap, revoked. The secret is answered once and stored nowhere.

use serde::{Deserialize, Serialize};

use super::audit::Draft;
use super::error::ServiceError;
use super::projects::check_name;
use super::request::Request;
use super::view::Page;
use super::work::{Begun, Done, Work};
use super::{PAGE_LIMIT, Service};
use crate::auth::origin::origin;
use crate::auth::secret::{self, CredentialKind};
use crate::domain::json::Members;
use crate::domain::key::Key;
use crate::domain::role::{Grant, Permission};
use crate::store::access_key::{self, AccessKey};
use crate::store::{StoreError, environment, new_id, project};

/// Origins of one client key.
pub const ORIGIN_LIMIT: usize = 50;
/// Grants of one token.
pub const GRANT_LIMIT: usize = 50;
/// The longest overlap of a rotation, seconds: 30 days.
pub const OVERLAP_LIMIT: i64 = 30 * 86_400;

/// A key about to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What it is for.
    pub kind: CredentialKind,
    /// Its name, for people.
    pub name: String,
    /// The environment of a server or client key.
    pub environment: Option<String>,
    /// What a token may do.
    pub grants: Vec<Grant>,
    /// Origins from which a client key may be used; none named is any.
    pub origins: Vec<String>,
    /// When it ends, microseconds.
    pub expires_at: Option<i64>,
}

/// How a key gives way to one like it.
#[derive(Debug, Clone, Copy)]
pub struct Rotation {
    /// How long the old one goes on working, seconds.
    pub overlap: i64,
    /// When the new one ends.
    pub end: End,
}

/// When the new key of a rotation ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// After the time for which the old one was made, counted from now; never, if that one never ended.
    Alike,
    /// Never.
    Never,
    /// At a time, microseconds.
    At(i64),
}

/// A key as it may be shown; `secret` only in the answer that made it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyView {
    /// The stored key.
    pub key: AccessKey,
    /// The whole text, once.
    pub secret: Option<String>,
}

impl Service {
    /// Makes a key of a project, or, with no project, a token of the installation.
    pub async fn create_key(
        &self,
        request: &Request,
        project: Option<&str>,
        new: &NewKey,
    ) -> Result<Done<KeyView>, ServiceError> {
        let mut work = match self.begin_keys(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let view = self.insert_key(&mut work, new).await?;
        check_places(&mut work, &new.grants).await?;
        finish(work, view).await
    }

    /// Makes an owner's token for whoever holds the database: the way back when every owner's token is lost.
    pub async fn create_owner(&self, name: &str) -> Result<KeyView, ServiceError> {
        let new = NewKey {
            kind: CredentialKind::Api,
            name: name.to_owned(),
            environment: None,
            grants: vec![Grant::owner()],
            origins: Vec::new(),
            expires_at: None,
        };
        let request = Request::system("made offline, by somebody who holds the database");
        Ok(self.create_key(&request, None, &new).await?.view)
    }

    /// Makes a key within a unit of work.
    pub(super) async fn insert_key(&self, work: &mut Work, new: &NewKey) -> Result<KeyView, ServiceError> {
        check(work, new)?;
        let environment = match (&new.environment, new.kind) {
            (Some(key), CredentialKind::Server | CredentialKind::Client) => {
                let found = work.environments().await?.into_iter().find(|one| one.key == *key);
                Some(found.ok_or_else(|| {
                    let detail = format!("there is no environment \"{key}\"");
                    ServiceError::invalid("/environment", "unknown_environment", detail)
                })?)
            }
            _ => None,
        };
        let made = secret::generate(new.kind, environment.as_ref().map(|one| one.key.as_str()))?;
        let row = AccessKey {
            id: new_id(),
            selector: made.selector,
            kind: new.kind.as_str().to_owned(),
            project_id: work.project.as_ref().map(|project| project.id.clone()),
            project: work.project.as_ref().map(|project| project.key.clone()),
            environment_id: environment.as_ref().map(|one| one.id.clone()),
            environment: environment.map(|one| one.key),
            name: new.name.clone(),
            verifier: made.verifier,
            grants: serde_json::to_string(&new.grants)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
            origins: serde_json::to_string(
                &new.origins.iter().filter_map(|text| origin(text)).collect::<Vec<_>>(),
            )
            .map_err(|error| StoreError::Corrupt(error.to_string()))?,
            created_at: work.now,
            created_by: work.request.caller.name.clone(),
            expires_at: new.expires_at,
            revoked_at: None,
            last_used_at: None,
            rotated_to: None,
        };
        access_key::insert(&mut work.tx, &row).await?;
        work.bump_installation().await?;
        work.audit(draft("key.create", &row, None, Some(document(&row)?)));
        Ok(KeyView { key: row, secret: Some(made.text) })
    }

    /// Reads a page of keys after an id.
    pub async fn keys(
        &self,
        request: &Request,
        project: Option<&str>,
        after: &str,
        limit: i64,
    ) -> Result<Page<KeyView>, ServiceError> {
        let project_id = self.allowed_keys(request, project).await?;
        let limit = limit.clamp(1, PAGE_LIMIT);
        let rows = access_key::page(self.db(), &project_id, after, limit + 1).await?;
        Ok(Page::cut(rows, limit, |row| row.id.clone()).map(|key| KeyView { key, secret: None }))
    }

    /// Reads one key.
    pub async fn key(
        &self,
        request: &Request,
        project: Option<&str>,
        id: &str,
    ) -> Result<KeyView, ServiceError> {
        let project_id = self.allowed_keys(request, project).await?;
        let row = access_key::get(self.db(), id).await?;
        let row = row.filter(|row| row.project_id.as_deref().unwrap_or("") == project_id);
        Ok(KeyView { key: row.ok_or_else(|| no_key(id))?, secret: None })
    }

    /// Revokes a key: it is refused everywhere with the next revision of the installation.
    pub async fn revoke_key(
        &self,
        request: &Request,
        project: Option<&str>,
        id: &str,
    ) -> Result<Done<KeyView>, ServiceError> {
        let mut work = match self.begin_keys(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let old = find(&mut work, id).await?;
        // What only a newer version can read may be anything: an owner ends it.
        let grants = grants(&old).unwrap_or_else(|_| vec![Grant::owner()]);
        for grant in &grants {
            check_held(&work, grant, "ending a token that may more than you may")?;
        }
        let now = work.now;
        if !access_key::revoke(&mut work.tx, id, now).await? {
            return work.unchanged(KeyView { key: old, secret: None }).await;
        }
        if old.project_id.is_none() && grants.contains(&Grant::owner()) {
            check_owner_left(&mut work, &old).await?;
        }
        let new = AccessKey { revoked_at: Some(now), ..old.clone() };
        work.bump_installation().await?;
        work.audit(draft("key.revoke", &new, Some(document(&old)?), Some(document(&new)?)));
        finish(work, KeyView { key: new, secret: None }).await
    }

    /// Makes a key like another one, which goes on working for the overlap (seconds) and then ends.
    pub async fn rotate_key(
        &self,
        request: &Request,
        project: Option<&str>,
        id: &str,
        Rotation { overlap, end }: Rotation,
    ) -> Result<Done<KeyView>, ServiceError> {
        if !(0..=OVERLAP_LIMIT).contains(&overlap) {
            let detail = format!("the overlap is 0 to {OVERLAP_LIMIT} seconds (30 days)");
            return Err(ServiceError::invalid("/overlapSeconds", "limit_exceeded", detail));
        }
        let mut work = match self.begin_keys(request, project).await? {
            Begun::Replay(done) => return Ok(done),
            Begun::New(work) => work,
        };
        let old = find(&mut work, id).await?;
        let ended = old.revoked_at.is_some() || old.rotated_to.is_some();
        if ended || old.expires_at.is_some_and(|end| end <= work.now) {
            return Err(ServiceError::InUse(format!(
                "the key {id} is revoked, expired or rotated already: make a new one"
            )));
        }
        let kind = CredentialKind::parse(&old.kind).ok_or_else(|| StoreError::Corrupt(old.kind.clone()))?;
        let new = NewKey {
            kind,
            name: old.name.clone(),
            environment: old.environment.clone(),
            grants: grants(&old)?,
            origins: serde_json::from_str(&old.origins)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?,
            expires_at: match end {
                End::Alike => old.expires_at.map(|end| work.now + (end - old.created_at)),
                End::Never => None,
                End::At(end) => Some(end),
            },
        };
        let made = self.insert_key(&mut work, &new).await?;
        let end = work.now + overlap * 1_000_000;
        let end = old.expires_at.map_or(end, |own| own.min(end));
        if !access_key::rotate(&mut work.tx, id, end, &made.key.id).await? {
            return Err(ServiceError::Store(StoreError::Missing));
        }
        let after = AccessKey { expires_at: Some(end), rotated_to: Some(made.key.id.clone()), ..old.clone() };
        work.audit(draft("key.rotate", &after, Some(document(&old)?), Some(document(&after)?)));
        finish(work, made).await
    }

    async fn begin_keys(
        &self,
        request: &Request,
        project: Option<&str>,
    ) -> Result<Begun<KeyView>, ServiceError> {
        match project {
            Some(key) => {
                let begun = self.begin(request, key).await?;
                if let Begun::New(work) = &begun {
                    work.authorise(Permission::ManageKeys, None)?;
                }
                Ok(begun)
            }
            None => {
                let allowed = request.caller.may_everywhere(Permission::ManageKeys);
                allowed.map_err(|denied| ServiceError::denied(&denied, "installation", ""))?;
                self.begin_installation(request).await
            }
        }
    }

    async fn allowed_keys(&self, request: &Request, project: Option<&str>) -> Result<String, ServiceError> {
        match project {
            Some(key) => {
                let row = self.project(request, key).await?;
                let allowed = request.caller.may(Permission::ManageKeys, key, None);
                allowed.map_err(|denied| ServiceError::denied(&denied, "project", key))?;
                Ok(row.id)
            }
            None => {
                let allowed = request.caller.may_everywhere(Permission::ManageKeys);
                allowed.map_err(|denied| ServiceError::denied(&denied, "installation", ""))?;
                Ok(String::new())
            }
        }
    }
}

/// A repetition is answered without the secret: it was shown once.
async fn finish(work: Work, view: KeyView) -> Result<Done<KeyView>, ServiceError> {
    let stored = KeyView { secret: None, ..view.clone() };
    work.finish(view, Some(&stored)).await
}

async fn find(work: &mut Work, id: &str) -> Result<AccessKey, ServiceError> {
    let own = work.project.as_ref().map(|project| project.id.clone());
    let row = access_key::get_in(&mut work.tx, id).await?;
    row.filter(|row| row.project_id == own).ok_or_else(|| no_key(id))
}

fn check(work: &Work, new: &NewKey) -> Result<(), ServiceError> {
    check_name("/name", &new.name)?;
    if new.expires_at.is_some_and(|end| end <= work.now) {
        return Err(ServiceError::invalid("/expiresAt", "invalid_value", "the key would have ended already"));
    }
    if new.kind == CredentialKind::Api { check_token(work, new) } else { check_environment_key(work, new) }
}

fn check_token(work: &Work, new: &NewKey) -> Result<(), ServiceError> {
    if new.environment.is_some() || !new.origins.is_empty() {
        let detail = "an API token has \"grants\", no \"environment\" and no \"origins\"";
        return Err(ServiceError::invalid("", "invalid_value", detail));
    }
    if new.grants.is_empty() || new.grants.len() > GRANT_LIMIT {
        let detail = format!("an API token has 1 to {GRANT_LIMIT} grants, such as {{\"role\": \"editor\"}}");
        return Err(ServiceError::invalid("/grants", "missing_member", detail));
    }
    for (index, grant) in new.grants.iter().enumerate() {
        let pointer = format!("/grants/{index}");
        if grant.environment.is_some() && grant.project.is_none() {
            let detail = "a grant for an environment names its project too";
            return Err(ServiceError::invalid(&pointer, "missing_member", detail));
        }
        if let Some(project) = &work.project
            && grant.project.as_ref().is_none_or(|key| key.as_str() != project.key)
        {
            let detail = format!("a token of the project grants roles in \"{}\" only", project.key);
            return Err(ServiceError::invalid(&pointer, "invalid_value", detail));
        }
        check_held(work, grant, "granting a role somewhere you do not hold it yourself")?;
    }
    Ok(())
}

/// Refuses grants for what is not there: most likely a key was mistyped.
async fn check_places(work: &mut Work, grants: &[Grant]) -> Result<(), ServiceError> {
    let unknown = |index: usize, kind: &str, key: &Key| {
        let detail = format!("there is no {kind} \"{key}\"");
        ServiceError::invalid(&format!("/grants/{index}/{kind}"), &format!("unknown_{kind}"), detail)
    };
    for (index, grant) in grants.iter().enumerate() {
        let Some(key) = &grant.project else { continue };
        let project = project::get_in(&mut work.tx, key.as_str()).await?;
        let project = project.ok_or_else(|| unknown(index, "project", key))?;
        let Some(key) = &grant.environment else { continue };
        let present = environment::of_project(&mut work.tx, &project.id).await?;
        if !present.iter().any(|one| one.key == key.as_str()) {
            return Err(unknown(index, "environment", key));
        }
    }
    Ok(())
}

/// Nobody gives away, takes over or ends more than they have.
fn check_held(work: &Work, grant: &Grant, what: &str) -> Result<(), ServiceError> {
    if work.request.caller.holds(grant) {
        return Ok(());
    }
    Err(ServiceError::Forbidden { needs: grant.role, what: what.to_owned() })
}

/// Refuses to end an owner's token (revoked in this work) that no other owner's token outlives: without an owner nobody
/// could make one. The locked installation keeps two of them from ending each other.
async fn check_owner_left(work: &mut Work, ended: &AccessKey) -> Result<(), ServiceError> {
    let now = work.now;
    if ended.expires_at.is_some_and(|end| end <= now) {
        return Ok(());
    }
    let end = |key: &AccessKey| key.expires_at.unwrap_or(i64::MAX);
    for other in access_key::living_tokens(&mut work.tx, now).await? {
        // A token of a newer version may say what this one cannot read: it counts for nothing here.
        let is_owner = grants(&other).is_ok_and(|grants| grants.contains(&Grant::owner()));
        if is_owner && end(&other) >= end(ended) {
            return Ok(());
        }
    }
    Err(ServiceError::InUse(
        "no other owner's token of the installation lasts as long as this one: make one first, or nobody could".to_owned(),
    ))
}

fn grants(key: &AccessKey) -> Result<Vec<Grant>, ServiceError> {
    Ok(serde_json::from_str(&key.grants).map_err(|error| StoreError::Corrupt(error.to_string()))?)
}

fn check_environment_key(work: &Work, new: &NewKey) -> Result<(), ServiceError> {
    if work.project.is_none() || new.environment.is_none() {
        let detail = "a server or client key belongs to an \"environment\" of a project";
        return Err(ServiceError::invalid("/environment", "missing_member", detail));
    }
    if !new.grants.is_empty() {
        return Err(ServiceError::invalid("/grants", "invalid_value", "only API tokens have grants"));
    }
    if new.kind == CredentialKind::Server && !new.origins.is_empty() {
        return Err(ServiceError::invalid("/origins", "invalid_value", "only client keys have origins"));
    }
    if new.origins.len() > ORIGIN_LIMIT {
        return Err(ServiceError::invalid(
            "/origins",
            "limit_exceeded",
            format!("at most {ORIGIN_LIMIT} origins"),
        ));
    }
    for (index, text) in new.origins.iter().enumerate() {
        if origin(text).is_none() {
            let detail =
                "an origin is a scheme, a host and, if need be, a port, such as https://shop.example.com";
            return Err(ServiceError::invalid(&format!("/origins/{index}"), "invalid_value", detail));
        }
    }
    Ok(())
}

fn no_key(id: &str) -> ServiceError {
    ServiceError::NotFound { kind: "key", key: id.to_owned() }
}

/// A key for the audit log: never its verifier.
fn document(row: &AccessKey) -> Result<Members, ServiceError> {
    let mut members = Members::default();
    members.set_value("kind", &row.kind)?;
    members.set_value("name", &row.name)?;
    members.set_value("selector", &row.selector)?;
    members.set_value("environment", &row.environment)?;
    members.set("grants", &row.grants)?;
    members.set("origins", &row.origins)?;
    members.set_value("expiresAt", &row.expires_at.map(super::audit::rfc3339))?;
    members.set_value("revokedAt", &row.revoked_at.map(super::audit::rfc3339))?;
    members.set_value("rotatedTo", &row.rotated_to)?;
    Ok(members)
}

fn draft(action: &str, row: &AccessKey, before: Option<Members>, after: Option<Members>) -> Draft {
    Draft {
        action: action.to_owned(),
        kind: "key",
        key: row.id.clone(),
        environment: row.environment.clone().unwrap_or_default(),
        version: 0,
        before,
        after,
        forced: false,
    }
}
