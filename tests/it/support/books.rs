//! The database's books, read past the server: whether every revision, version and audit entry is there once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use pennon::store::{Db, Row};
use sha2::{Digest as _, Sha256};

use super::Home;
use super::home::block_on;

/// One row of the change table.
#[derive(Debug, Clone)]
pub struct Change {
    pub id: String,
    pub kind: String,
    pub key: String,
    pub document: Option<String>,
}

/// One audit entry.
#[derive(Debug, Clone)]
pub struct Entry {
    pub action: String,
    pub kind: String,
    pub key: String,
    pub environment: String,
    pub revision: Option<i64>,
}

/// What the tables hold.
#[derive(Debug, Default)]
pub struct Books {
    /// The environments' revisions, by `project/environment`.
    pub revisions: BTreeMap<String, i64>,
    /// Changes by environment and revision.
    pub changes: BTreeMap<(String, i64), Vec<Change>>,
    /// All audit entries, chain by chain.
    pub audit: Vec<Entry>,
    /// The versions of each configuration, with the revision that carried it, by environment and flag.
    pub versions: HashMap<(String, String), Vec<(i64, i64)>>,
}

impl Books {
    /// Reads them, and checks all that must hold whatever happened.
    #[track_caller]
    pub fn checked(home: &Home) -> Books {
        let books = block_on(async {
            let db = home.open().await;
            let books = Books::read(&db).await;
            db.close().await;
            books
        });
        books.check();
        books
    }

    async fn read(db: &Db) -> Books {
        let mut books = Books::default();
        let rows = db.fetch_all(
            "SELECT p.key AS project, e.key AS environment, e.revision FROM environment e JOIN project p ON p.id = e.project_id",
            &[],
        );
        for row in rows.await.unwrap() {
            books.revisions.insert(place(&row), row.int("revision").unwrap());
        }
        let rows = db.fetch_all(
            "SELECT p.key AS project, e.key AS environment, c.id, c.revision, c.seq, c.kind, c.key AS name, c.document FROM change c \
             JOIN environment e ON e.id = c.environment_id JOIN project p ON p.id = e.project_id ORDER BY c.environment_id, c.revision, c.seq",
            &[],
        );
        for row in rows.await.unwrap() {
            let changes = books.changes.entry((place(&row), row.int("revision").unwrap())).or_default();
            assert_eq!(row.int("seq").unwrap(), i64::try_from(changes.len()).unwrap(), "a gap in a revision");
            changes.push(Change {
                id: row.text("id").unwrap(),
                kind: row.text("kind").unwrap(),
                key: row.text("name").unwrap(),
                document: row.opt_text("document").unwrap(),
            });
        }
        books.read_versions(db).await;
        books.read_audit(db).await;
        books
    }

    async fn read_versions(&mut self, db: &Db) {
        let rows = db.fetch_all(
            "SELECT p.key AS project, e.key AS environment, f.key AS flag, v.version, v.revision FROM resource_version v \
             JOIN environment e ON e.id = v.environment_id JOIN flag f ON f.id = v.resource_id \
             JOIN project p ON p.id = e.project_id ORDER BY v.version",
            &[],
        );
        for row in rows.await.unwrap() {
            let of = self.versions.entry((place(&row), row.text("flag").unwrap())).or_default();
            of.push((row.int("version").unwrap(), row.int("revision").unwrap()));
        }
        let rows = db.fetch_all(
            "SELECT p.key AS project, e.key AS environment, f.key AS flag, c.version FROM configuration c \
             JOIN environment e ON e.id = c.environment_id JOIN flag f ON f.id = c.flag_id JOIN project p ON p.id = e.project_id",
            &[],
        );
        for row in rows.await.unwrap() {
            let of = (place(&row), row.text("flag").unwrap());
            let versions: Vec<i64> = self.versions[&of].iter().map(|(version, _)| *version).collect();
            let wanted: Vec<i64> = (1..=row.int("version").unwrap()).collect();
            assert_eq!(versions, wanted, "the versions of {of:?}");
        }
    }

    async fn read_audit(&mut self, db: &Db) {
        let rows = db.fetch_all(
            "SELECT id AS chain, audit_seq, audit_head FROM project UNION ALL SELECT '' AS chain, audit_seq, audit_head FROM installation",
            &[],
        );
        for head in rows.await.unwrap() {
            let chain = head.text("chain").unwrap();
            let of = [pennon::store::Arg::Text(&chain)];
            let entries = db.fetch_all(
                "SELECT seq, hash, entry, action, kind, key, environment FROM audit WHERE chain = $1 ORDER BY seq",
                &of,
            );
            let (mut seq, mut hash) = (0, String::new());
            for row in entries.await.unwrap() {
                seq += 1;
                assert_eq!(row.int("seq").unwrap(), seq, "a gap in the audit chain {chain:?}");
                let text = row.text("entry").unwrap();
                hash = sha256(&[&hash, &text]);
                assert_eq!(row.text("hash").unwrap(), hash, "the audit chain {chain:?} is broken at {seq}");
                let entry: serde_json::Value = serde_json::from_str(&text).unwrap();
                self.audit.push(Entry {
                    action: row.text("action").unwrap(),
                    kind: row.text("kind").unwrap(),
                    key: row.text("key").unwrap(),
                    environment: format!(
                        "{}/{}",
                        entry["project"].as_str().unwrap_or(""),
                        row.text("environment").unwrap()
                    ),
                    revision: entry["revision"].as_i64(),
                });
            }
            let told = (head.int("audit_seq").unwrap(), head.text("audit_head").unwrap());
            assert_eq!(told, (seq, hash), "the head of the audit chain {chain:?}");
        }
    }

    fn check(&self) {
        let mut ids = HashSet::new();
        for (environment, revision) in &self.revisions {
            for at in 1..=*revision {
                let changes = self.changes.get(&(environment.clone(), at));
                let changes =
                    changes.unwrap_or_else(|| panic!("{environment} has no change {at} of {revision}"));
                for change in changes {
                    assert!(ids.insert(change.id.clone()), "the change {} is there twice", change.id);
                    self.check_audited(environment, at, change);
                }
            }
        }
        for (environment, revision) in self.changes.keys() {
            assert!(
                *revision <= self.revisions[environment],
                "{environment} has a change {revision} too many"
            );
        }
    }

    /// Each change has its audit entry: of the environment and revision, or, where several share it, of the key.
    fn check_audited(&self, environment: &str, revision: i64, change: &Change) {
        let shared = |entry: &Entry| entry.environment.ends_with('/') && entry.revision.is_none();
        let found = self.audit.iter().any(|entry| {
            (entry.environment == environment && entry.revision == Some(revision)
                || shared(entry) && entry.kind == change.kind && entry.key == change.key)
                || change.kind == "environment" && entry.kind == "environment" && entry.key == change.key
        });
        assert!(found, "nobody told the audit log of {environment} {revision}: {change:?}");
    }

    /// How many audit entries there are of an action on a key.
    pub fn audited(&self, action: &str, key: &str) -> usize {
        self.audit.iter().filter(|entry| entry.action == action && entry.key == key).count()
    }

    /// Wants a configuration's version, with its revision, its change and its audit entry: each once.
    #[track_caller]
    pub fn holds(&self, environment: &str, flag: &str, (version, revision): (i64, i64)) {
        let versions = self.versions.get(&(environment.to_owned(), flag.to_owned()));
        let versions = versions.unwrap_or_else(|| panic!("{flag} is lost"));
        assert!(
            versions.contains(&(version, revision)),
            "version {version} of {flag} at {revision} is lost: {versions:?}"
        );
        let changes = &self.changes[&(environment.to_owned(), revision)];
        let document =
            changes.iter().find(|change| change.key == flag).and_then(|change| change.document.as_deref());
        let document: serde_json::Value = serde_json::from_str(document.unwrap_or("null")).unwrap();
        assert_eq!(document["version"], version, "revision {revision} carries another {flag}: {changes:?}");
        let told = |entry: &&Entry| {
            entry.environment == environment && entry.revision == Some(revision) && entry.key == flag
        };
        assert_eq!(
            self.audit.iter().filter(told).count(),
            1,
            "the audit entries of {environment} {revision}"
        );
    }
}

fn place(row: &Row) -> String {
    format!("{}/{}", row.text("project").unwrap(), row.text("environment").unwrap())
}

fn sha256(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.concat());
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
