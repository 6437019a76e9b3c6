//! The audit log's entries: who, what, why, when, before and after, hash-chained. Written with the change or not at all.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::error::ServiceError;
use super::request::Request;
use super::view::Page;
use super::work::Work;
use super::{PAGE_LIMIT, Service};
use crate::auth::secret::hex;
use crate::domain::json::Members;
use crate::domain::role::Permission;
use crate::store::audit::{self as store, Columns};

pub use crate::store::audit::{Entry, Filter};
use crate::store::{StoreError, installation, project};

/// An entry about to be written.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What was done, such as `flag.rollout`.
    pub action: String,
    /// The kind of the resource.
    pub kind: &'static str,
    /// The key of the resource.
    pub key: String,
    /// The environment's key, "" for none.
    pub environment: String,
    /// The resource's version afterwards.
    pub version: i64,
    /// The document before; None when there was none.
    pub before: Option<Members>,
    /// The document afterwards; None when there is none any more.
    pub after: Option<Members>,
    /// It was done although something spoke against it, since the caller insisted.
    pub forced: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    seq: i64,
    at: String,
    actor: Actor<'a>,
    action: &'a str,
    kind: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    project: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    environment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    revisions: BTreeMap<&'a str, i64>,
    version: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forced: bool,
    changed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Members>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a Members>,
}

#[derive(Serialize)]
struct Actor<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    address: &'a str,
}

/// Where a chain stands.
#[derive(Debug, Clone)]
pub struct ChainHead {
    /// How many entries there are.
    pub seq: i64,
    /// The hash of the last, "" before the first.
    pub hash: String,
}

impl Draft {
    /// The event that goes to the outbox: what happened, without the documents.
    pub fn outbox_payload(&self, work: &Work) -> Result<String, ServiceError> {
        #[derive(Serialize)]
        struct Event<'a> {
            action: &'a str,
            kind: &'a str,
            key: &'a str,
            project: &'a str,
            environment: &'a str,
            revision: Option<i64>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            revisions: BTreeMap<&'a str, i64>,
            version: i64,
            actor: &'a str,
            at: String,
        }
        let event = Event {
            action: &self.action,
            kind: self.kind,
            key: &self.key,
            project: work.project.as_ref().map_or("", |project| project.key.as_str()),
            environment: &self.environment,
            revision: work.revision_of(&self.environment),
            revisions: self.revisions(work),
            version: self.version,
            actor: &work.request.caller.name,
            at: rfc3339(work.now),
        };
        text(&event)
    }

    /// The revisions that carry what environments share, by environment: one edit numbers several.
    fn revisions<'a>(&self, work: &'a Work) -> BTreeMap<&'a str, i64> {
        let is_shared = self.environment.is_empty() && matches!(self.kind, "flag" | "segment" | "layer");
        if is_shared { work.revisions() } else { BTreeMap::new() }
    }
}

/// Appends entries to the chain of the work's project, or of the installation, whose head row it has locked.
pub async fn append(work: &mut Work, drafts: &[Draft]) -> Result<(), ServiceError> {
    if drafts.is_empty() {
        return Ok(());
    }
    let (chain, mut seq, mut head) = match &work.project {
        Some(project) => (project.id.clone(), project.audit_seq, project.audit_head.clone()),
        None => {
            let row = installation::lock(&mut work.tx).await?;
            (String::new(), row.audit_seq, row.audit_head)
        }
    };
    for draft in drafts {
        seq += 1;
        let text = entry_text(work, draft, seq)?;
        let hash = chain_hash(&head, &text);
        let columns = Columns {
            at: work.now,
            actor: &work.request.caller.id,
            action: &draft.action,
            kind: draft.kind,
            key: &draft.key,
            environment: &draft.environment,
        };
        let entry = Entry { chain: chain.clone(), seq, hash: hash.clone(), entry: text };
        store::insert(&mut work.tx, &entry, columns).await?;
        head = hash;
    }
    match &mut work.project {
        Some(project) => {
            project::set_audit(&mut work.tx, &project.id, seq, &head).await?;
            (project.audit_seq, project.audit_head) = (seq, head);
        }
        None => installation::set_audit(&mut work.tx, seq, &head).await?,
    }
    Ok(())
}

/// Writes the entries so far, before the work moves on to another chain.
pub async fn append_now(work: &mut Work) -> Result<(), ServiceError> {
    let drafts = work.take_drafts();
    append(work, &drafts).await
}

/// sha256 over the previous entry's hash (hex text, "" for the first) and the entry's text, hex.
#[must_use]
pub fn chain_hash(previous: &str, entry: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(previous.as_bytes());
    hash.update(entry.as_bytes());
    hex(&hash.finalize())
}

fn entry_text(work: &Work, draft: &Draft, seq: i64) -> Result<String, ServiceError> {
    let caller = &work.request.caller;
    let written = Written {
        seq,
        at: rfc3339(work.now),
        actor: Actor { id: &caller.id, name: &caller.name, address: &caller.address },
        action: &draft.action,
        kind: draft.kind,
        key: &draft.key,
        project: work.project.as_ref().map_or("", |project| project.key.as_str()),
        environment: &draft.environment,
        revision: work.revision_of(&draft.environment),
        revisions: draft.revisions(work),
        version: draft.version,
        reason: &work.request.reason,
        request_id: &caller.request_id,
        forced: draft.forced,
        changed: changed(draft.before.as_ref(), draft.after.as_ref()),
        before: draft.before.as_ref(),
        after: draft.after.as_ref(),
    };
    text(&written)
}

/// What cannot be written down is not done: the change is refused with its entry.
fn text<T: Serialize>(value: &T) -> Result<String, ServiceError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Corrupt(format!("an audit entry cannot be written: {error}")).into())
}

/// Pointers to the members that differ: into objects as deep as both have them, lists as a whole.
fn changed(before: Option<&Members>, after: Option<&Members>) -> Vec<String> {
    let none = Members::default();
    let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
    let mut names: Vec<&str> = before.iter().chain(after.iter()).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let mut pointers = Vec::new();
    for name in names.into_iter().filter(|name| before.get(name) != after.get(name)) {
        let pointer = format!("/{}", crate::domain::issue::pointer_token(name));
        let inner = |members: &Members| members.get(name).and_then(|text| Members::parse_shallow(text).ok());
        match (inner(before), inner(after)) {
            (Some(old), Some(new)) => {
                pointers.extend(
                    changed(Some(&old), Some(&new)).into_iter().map(|rest| format!("{pointer}{rest}")),
                );
            }
            _ => pointers.push(pointer),
        }
    }
    pointers
}

/// Microseconds UTC as RFC 3339 with microseconds.
#[must_use]
pub fn rfc3339(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |at| format!("{at:.6}"))
}

impl Service {
    /// A page of a chain, newest first; project None is the installation.
    pub async fn audit_page(
        &self,
        request: &Request,
        project: Option<&str>,
        below: Option<i64>,
        limit: i64,
        filter: &Filter,
    ) -> Result<Page<Entry>, ServiceError> {
        let chain = self.chain(request, project).await?;
        let limit = limit.clamp(1, PAGE_LIMIT);
        let entries = store::page(self.db(), &chain, below.unwrap_or(i64::MAX), limit + 1, filter).await?;
        Ok(Page::cut_within(entries, limit, |entry| entry.entry.len(), |entry| entry.seq.to_string()))
    }

    /// Entries of a chain after a place, oldest first.
    pub async fn audit_after(
        &self,
        request: &Request,
        project: Option<&str>,
        seq: i64,
        limit: i64,
    ) -> Result<Vec<Entry>, ServiceError> {
        let chain = self.chain(request, project).await?;
        Ok(store::after(self.db(), &chain, seq, limit).await?)
    }

    /// Where a chain stands.
    pub async fn audit_head(
        &self,
        request: &Request,
        project: Option<&str>,
    ) -> Result<ChainHead, ServiceError> {
        self.chain(request, project).await?;
        let (seq, hash) = match project {
            Some(key) => {
                let project = self.project(request, key).await?;
                (project.audit_seq, project.audit_head)
            }
            None => installation::get(self.db())
                .await?
                .map(|row| (row.audit_seq, row.audit_head))
                .unwrap_or_default(),
        };
        Ok(ChainHead { seq, hash })
    }

    async fn chain(&self, request: &Request, project: Option<&str>) -> Result<String, ServiceError> {
        match project {
            Some(key) => {
                let allowed = request.caller.may_read_whole(key);
                allowed.map_err(|denied| ServiceError::denied(&denied, "project", key))?;
                Ok(self.project(request, key).await?.id)
            }
            None => {
                let allowed = request.caller.may_everywhere(Permission::Read);
                allowed.map_err(|denied| ServiceError::denied(&denied, "installation", ""))?;
                Ok(String::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Members, chain_hash, changed};

    #[test]
    fn a_diff_names_the_members_that_differ() {
        let before = Members::parse(r#"{"a":1,"b":{"x":1,"y":2},"c":[1]}"#).unwrap();
        let after = Members::parse(r#"{"a":1,"b":{"x":1,"y":3,"z":4},"d":true}"#).unwrap();
        assert_eq!(changed(Some(&before), Some(&after)), ["/b/y", "/b/z", "/c", "/d"]);
        assert_eq!(changed(None, Some(&after)), ["/a", "/b", "/d"]);
    }

    #[test]
    fn each_hash_depends_on_all_entries_before() {
        let first = chain_hash("", "a");
        assert_ne!(chain_hash(&first, "b"), chain_hash("", "b"));
        assert_eq!(first, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    }
}
