//! The verifiers of all keys, in memory: random keys cannot reach the database, and a database that is away
//! does not end authentication. Replaced as a whole by the sync loop; read without a lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use dashmap::DashMap;

use super::policy::Caller;
use super::secret::{self, CredentialKind};
use crate::domain::role::Grant;
use crate::store::access_key::AccessKey;

/// One key as memory holds it.
#[derive(Debug)]
pub struct Verifier {
    /// The key's id.
    pub id: String,
    /// Its public part.
    pub selector: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: CredentialKind,
    /// The environment of a server or client key.
    pub environment_id: Option<String>,
    /// What a token may do.
    pub grants: Vec<Grant>,
    /// Origins from which a client key may be used; none named is any.
    pub origins: Vec<String>,
    hash: String,
    is_readable: bool,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used: AtomicI64,
    streams: OnceLock<String>,
}

/// Why a credential is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// No credential was sent.
    Absent,
    /// It does not have the form of a key.
    Malformed,
    /// No key has this selector, or the secret is wrong.
    Unknown,
    /// It was revoked.
    Revoked,
    /// It has expired.
    Expired,
    /// It is good, but a newer version wrote what it may do, in a way that this one cannot read.
    Unreadable,
}

/// All verifiers.
#[derive(Debug, Default)]
pub struct Verifiers {
    keys: DashMap<String, Arc<Verifier>>,
    stored: ArcSwap<Vec<AccessKey>>,
}

impl Verifiers {
    /// Takes over all stored keys; what is not among them is forgotten.
    pub fn replace(&self, stored: Vec<AccessKey>) {
        let mut fresh: HashMap<String, Arc<Verifier>> = HashMap::with_capacity(stored.len());
        for key in &stored {
            if let Some(verifier) = Verifier::new(key) {
                if let Some(old) = self.keys.get(&key.selector) {
                    verifier.last_used.fetch_max(old.last_used.load(Ordering::Relaxed), Ordering::Relaxed);
                }
                fresh.insert(key.selector.clone(), Arc::new(verifier));
            }
        }
        self.keys.retain(|selector, _| fresh.contains_key(selector));
        for (selector, verifier) in fresh {
            self.keys.insert(selector, verifier);
        }
        self.stored.store(Arc::new(stored));
    }

    /// The stored keys these verifiers were made from, for the disk image.
    #[must_use]
    pub fn stored(&self) -> Arc<Vec<AccessKey>> {
        self.stored.load_full()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Checks a credential at a time (microseconds).
    pub fn check(&self, text: &str, now: i64) -> Result<Arc<Verifier>, Rejected> {
        let presented = secret::parse(text).ok_or(Rejected::Malformed)?;
        let found = self.keys.get(presented.selector).map(|entry| Arc::clone(entry.value()));
        let verifier = found.ok_or(Rejected::Unknown)?;
        if verifier.kind != presented.kind || !secret::matches(presented.secret, &verifier.hash) {
            return Err(Rejected::Unknown);
        }
        verifier.state(now)?;
        verifier.last_used.store(now, Ordering::Relaxed);
        Ok(verifier)
    }

    /// The key with a public part, if it is good at a time (microseconds): for who proves to hold it in another way.
    #[must_use]
    pub fn good(&self, selector: &str, now: i64) -> Option<Arc<Verifier>> {
        let found = self.keys.get(selector).map(|entry| Arc::clone(entry.value()))?;
        (found.state(now).is_ok()).then_some(found)
    }

    /// A key that was good, as it is now; None when it is not good any more, at a time (microseconds).
    #[must_use]
    pub fn renewed(&self, verifier: &Verifier, now: i64) -> Option<Arc<Verifier>> {
        self.good(&verifier.selector, now).filter(|own| own.id == verifier.id)
    }

    /// Whether a key with this public part is known here, good or not.
    #[must_use]
    pub fn has(&self, selector: &str) -> bool {
        self.keys.contains_key(selector)
    }

    /// Whether a credential's public part is known here: if not, only the database could tell whether it is good.
    #[must_use]
    pub fn knows(&self, text: &str) -> bool {
        secret::parse(text).is_none_or(|presented| self.keys.contains_key(presented.selector))
    }

    /// Keys used since a time, with when: what is noted in the database now and then.
    #[must_use]
    pub fn used_since(&self, since: i64) -> Vec<(String, i64)> {
        self.keys
            .iter()
            .map(|entry| (entry.id.clone(), entry.last_used.load(Ordering::Relaxed)))
            .filter(|(_, at)| *at > since)
            .collect()
    }
}

impl Verifier {
    fn new(key: &AccessKey) -> Option<Verifier> {
        let (grants, origins) = (serde_json::from_str(&key.grants), serde_json::from_str(&key.origins));
        Some(Verifier {
            id: key.id.clone(),
            selector: key.selector.clone(),
            name: key.name.clone(),
            kind: CredentialKind::parse(&key.kind)?,
            environment_id: key.environment_id.clone(),
            is_readable: grants.is_ok() && origins.is_ok(),
            grants: grants.unwrap_or_default(),
            origins: origins.unwrap_or_default(),
            hash: key.verifier.clone(),
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used: AtomicI64::new(key.last_used_at.unwrap_or(0)),
            streams: OnceLock::new(),
        })
    }

    /// Whether it may be used at a time (microseconds), by who holds it.
    fn state(&self, now: i64) -> Result<(), Rejected> {
        if self.revoked_at.is_some() {
            return Err(Rejected::Revoked);
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(Rejected::Expired);
        }
        if self.is_readable { Ok(()) } else { Err(Rejected::Unreadable) }
    }

    /// How long it is good from a time (microseconds) on; None without an end.
    #[must_use]
    pub fn expires_in(&self, now: i64) -> Option<Duration> {
        let rest = self.expires_at?.saturating_sub(now);
        Some(Duration::from_micros(u64::try_from(rest).unwrap_or(0)))
    }

    /// The caller behind a token.
    #[must_use]
    pub fn caller(&self, address: &str, request_id: &str) -> Caller {
        Caller {
            id: format!("token:{}", self.id),
            name: self.name.clone(),
            grants: self.grants.clone(),
            address: address.to_owned(),
            request_id: request_id.to_owned(),
        }
    }

    /// What answers tell of the key's event stream: made once, as soon as it can be.
    pub fn streams(&self, make: impl FnOnce() -> Option<String>) -> &str {
        match self.streams.get() {
            Some(known) => known,
            None => make().map_or("", |made| self.streams.get_or_init(|| made)),
        }
    }

    /// Whether a client key may be used from an origin; requests without one are not from browsers.
    #[must_use]
    pub fn allows_origin(&self, origin: Option<&str>) -> bool {
        match origin {
            Some(origin) if !self.origins.is_empty() => self.origins.iter().any(|allowed| allowed == origin),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessKey, CredentialKind, Rejected, Verifiers, secret};

    fn stored(kind: CredentialKind) -> (String, AccessKey) {
        let made = secret::generate(kind, (kind != CredentialKind::Api).then_some("dev")).unwrap();
        let key = AccessKey {
            id: made.selector.clone(),
            selector: made.selector,
            kind: kind.as_str().to_owned(),
            project_id: None,
            project: None,
            environment_id: None,
            environment: None,
            name: "n".to_owned(),
            verifier: made.verifier,
            grants: r#"[{"role":"editor"}]"#.to_owned(),
            origins: "[]".to_owned(),
            created_at: 0,
            created_by: String::new(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            rotated_to: None,
        };
        (made.text, key)
    }

    #[test]
    fn a_key_is_good_until_it_expires_or_is_revoked() {
        let verifiers = Verifiers::default();
        let (text, mut key) = stored(CredentialKind::Server);
        key.expires_at = Some(100);
        verifiers.replace(vec![key.clone()]);
        assert!(verifiers.check(&text, 99).is_ok());
        assert_eq!(verifiers.check(&text, 100).unwrap_err(), Rejected::Expired);
        key.revoked_at = Some(1);
        verifiers.replace(vec![key]);
        assert_eq!(verifiers.check(&text, 50).unwrap_err(), Rejected::Revoked);
        assert_eq!(verifiers.used_since(0).len(), 1);
    }

    #[test]
    fn a_wrong_secret_is_unknown_and_so_is_another_kind_with_the_same_selector() {
        let verifiers = Verifiers::default();
        let (text, key) = stored(CredentialKind::Server);
        verifiers.replace(vec![key]);
        let flipped = if text.ends_with('0') { '1' } else { '0' };
        let wrong = format!("{}{flipped}", &text[..text.len() - 1]);
        assert_eq!(verifiers.check(&wrong, 0).unwrap_err(), Rejected::Unknown);
        assert_eq!(verifiers.check(&text.replace("srv", "cli"), 0).unwrap_err(), Rejected::Unknown);
        assert!(verifiers.knows(&wrong));
        let (other, _) = stored(CredentialKind::Server);
        assert!(!verifiers.knows(&other));
        assert_eq!(verifiers.check("nonsense", 0).unwrap_err(), Rejected::Malformed);
    }

    #[test]
    fn a_key_that_a_newer_version_wrote_is_neither_unknown_nor_without_limits() {
        let verifiers = Verifiers::default();
        let (text, mut key) = stored(CredentialKind::Api);
        key.grants = r#"[{"role":"auditor"}]"#.to_owned();
        verifiers.replace(vec![key.clone()]);
        assert_eq!(verifiers.check(&text, 0).unwrap_err(), Rejected::Unreadable);
        let (other, _) = stored(CredentialKind::Api);
        let wrong = format!("pnn_api_{}_{}", key.selector, other.rsplit_once('_').unwrap().1);
        assert_eq!(verifiers.check(&wrong, 0).unwrap_err(), Rejected::Unknown);
        let (text, mut client) = stored(CredentialKind::Client);
        client.origins = r#"[{"pattern":"https://*.example"}]"#.to_owned();
        key.revoked_at = Some(1);
        verifiers.replace(vec![key, client]);
        assert_eq!(verifiers.check(&text, 0).unwrap_err(), Rejected::Unreadable);
        assert_eq!(verifiers.len(), 2);
    }

    #[test]
    fn what_is_not_stored_any_more_is_forgotten() {
        let verifiers = Verifiers::default();
        let (text, key) = stored(CredentialKind::Api);
        verifiers.replace(vec![key]);
        assert!(verifiers.check(&text, 0).is_ok());
        verifiers.replace(Vec::new());
        assert_eq!(verifiers.check(&text, 0).unwrap_err(), Rejected::Unknown);
    }
}
