//! The image on disk: what a node starts from when the database is away. One file per environment and one for keys,
//! each with a checksum, mode 0600, written to a temporary file, fsynced and renamed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use pennon_engine::Snapshot;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::cell::Cell;
use super::image::Image;
use super::registry::Identity;
use crate::auth::secret::hex;
use crate::domain::images::Head;
use crate::store::access_key::AccessKey;

/// The format of the files; another one is ignored.
const FORMAT: u32 = 2;
const KEYS: &str = "keys.json";

/// Where images are kept.
#[derive(Debug, Clone)]
pub struct Disk {
    folder: PathBuf,
}

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The file system.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] std::io::Error),
    /// The content is not what was written.
    #[error("{0}: {1}")]
    Damaged(PathBuf, String),
}

/// An environment read from disk.
#[derive(Debug)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// Its project's key.
    pub project: String,
    /// Its key.
    pub environment: String,
    /// The image.
    pub image: Image,
}

/// The keys read from disk.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeptKeys {
    format: u32,
    /// The installation's key.
    installation: String,
    /// Its secret; a file of an older version has none.
    #[serde(default)]
    secret: String,
    /// All keys.
    pub keys: Vec<AccessKey>,
}

impl KeptKeys {
    /// Whose keys they are.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity { key: self.installation.clone(), secret: self.secret.clone() }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    id: &'a str,
    project: &'a str,
    environment: &'a str,
    epoch: i64,
    revision: i64,
    change: &'a str,
    snapshot: &'a RawValue,
}

#[derive(Deserialize)]
struct Read<'a> {
    format: u32,
    id: String,
    project: String,
    environment: String,
    epoch: i64,
    revision: i64,
    change: String,
    #[serde(borrow)]
    snapshot: &'a RawValue,
}

impl Disk {
    /// A folder for images; it is made when it is first written.
    #[must_use]
    pub fn new(folder: PathBuf) -> Disk {
        Disk { folder }
    }

    /// Writes one environment.
    pub fn write(&self, cell: &Cell) -> Result<(), DiskError> {
        let image = cell.image();
        let path = self.file(&cell.id);
        let damaged = |error: &dyn std::fmt::Display| DiskError::Damaged(path.clone(), error.to_string());
        let text = std::str::from_utf8(image.json()).map_err(|error| damaged(&error))?;
        let snapshot: &RawValue = serde_json::from_str(text).map_err(|error| damaged(&error))?;
        let written = Written {
            format: FORMAT,
            id: &cell.id,
            project: &cell.project,
            environment: &cell.environment,
            epoch: image.head.epoch,
            revision: image.head.revision,
            change: &image.head.change,
            snapshot,
        };
        let body = serde_json::to_vec(&written).map_err(|error| damaged(&error))?;
        self.replace(&path, &body)
    }

    /// Writes the keys.
    pub fn write_keys(&self, identity: &Identity, keys: &[AccessKey]) -> Result<(), DiskError> {
        let path = self.folder.join(KEYS);
        let Identity { key: installation, secret } = identity.clone();
        let kept = KeptKeys { format: FORMAT, installation, secret, keys: keys.to_vec() };
        let body =
            serde_json::to_vec(&kept).map_err(|error| DiskError::Damaged(path.clone(), error.to_string()))?;
        self.replace(&path, &body)
    }

    /// Forgets an environment that is gone.
    pub fn remove(&self, id: &str) {
        // A file that stays is only read when the database is away, and replaced when it is back.
        let _ = std::fs::remove_file(self.file(id));
    }

    /// Reads all that is whole; tells what is not.
    #[must_use]
    pub fn read(&self) -> (Vec<Kept>, Option<KeptKeys>, Vec<DiskError>) {
        let mut kept = Vec::new();
        let mut errors = Vec::new();
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if path.extension().is_some_and(|end| end == "tmp") {
                // Left behind by a process that was killed while it wrote.
                let _ = std::fs::remove_file(&path);
            }
            let is_image = path.extension().is_some_and(|end| end == "json") && !path.ends_with(KEYS);
            if is_image {
                match read_image(&path) {
                    Ok(image) => kept.push(image),
                    Err(error) => errors.push(error),
                }
            }
        }
        let keys = match read_keys(&self.folder.join(KEYS)) {
            Ok(keys) => keys,
            Err(error) => {
                errors.push(error);
                None
            }
        };
        (kept, keys, errors)
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    fn replace(&self, path: &Path, body: &[u8]) -> Result<(), DiskError> {
        let io = |error| DiskError::Io(path.to_owned(), error);
        std::fs::create_dir_all(&self.folder).map_err(io)?;
        // Two nodes may have been given one folder: each writes a file of its own.
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary).map_err(io)?;
        file.write_all(hex(&Sha256::digest(body)).as_bytes()).map_err(io)?;
        file.write_all(b"\n").map_err(io)?;
        file.write_all(body).map_err(io)?;
        file.sync_all().map_err(io)?;
        std::fs::rename(&temporary, path).map_err(io)?;
        // The rename itself is on disk only once the folder is.
        std::fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(io)
    }
}

fn read_image(path: &Path) -> Result<Kept, DiskError> {
    let damaged = |error: &dyn std::fmt::Display| DiskError::Damaged(path.to_owned(), error.to_string());
    let body = checked(path)?;
    let read: Read<'_> = serde_json::from_slice(&body).map_err(|error| damaged(&error))?;
    if read.format != FORMAT {
        return Err(damaged(&format!("format {} is not {FORMAT}", read.format)));
    }
    let snapshot = Snapshot::from_json(read.snapshot.get().as_bytes()).map_err(|error| damaged(&error))?;
    let head = Head { epoch: read.epoch, revision: read.revision, change: read.change };
    let image = Image::new(head, snapshot);
    Ok(Kept { id: read.id, project: read.project, environment: read.environment, image })
}

fn read_keys(path: &Path) -> Result<Option<KeptKeys>, DiskError> {
    if !path.exists() {
        return Ok(None);
    }
    let body = checked(path)?;
    let kept: KeptKeys = serde_json::from_slice(&body)
        .map_err(|error| DiskError::Damaged(path.to_owned(), error.to_string()))?;
    Ok((kept.format == FORMAT).then_some(kept))
}

fn checked(path: &Path) -> Result<Vec<u8>, DiskError> {
    let mut bytes = std::fs::read(path).map_err(|error| DiskError::Io(path.to_owned(), error))?;
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let body = end.map(|end| bytes.split_off(end + 1)).unwrap_or_default();
    let sum = hex(&Sha256::digest(&body));
    if bytes.strip_suffix(b"\n") == Some(sum.as_bytes()) {
        return Ok(body);
    }
    Err(DiskError::Damaged(
        path.to_owned(),
        "the checksum does not match: the file is cut or was changed".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use pennon_engine::{Meta, Snapshot};

    use super::{Cell, Disk, Head, Identity, Image};

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("pennon-disk-{name}-{}", crate::store::new_id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn cell() -> Cell {
        let meta = Meta { epoch: 1, project: "p".into(), environment: "e".into(), revision: 5 };
        let head = Head { epoch: 1, revision: 5, change: "c5".into() };
        Cell::new(
            "id-1",
            "p",
            "e",
            Image::new(head, Snapshot::build(meta, Vec::new(), Vec::new(), Vec::new())),
        )
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = folder("round");
        let disk = Disk::new(folder.clone());
        disk.write(&cell()).unwrap();
        let identity = Identity { key: "i".into(), secret: "s".into() };
        disk.write_keys(&identity, &[]).unwrap();
        let (kept, keys, errors) = disk.read();
        assert!(errors.is_empty());
        assert_eq!(
            (kept[0].id.as_str(), kept[0].image.head.revision, kept[0].image.head.change.as_str()),
            ("id-1", 5, "c5")
        );
        assert_eq!(keys.unwrap().identity(), identity);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_left_alone() {
        let folder = folder("damage");
        let disk = Disk::new(folder.clone());
        disk.write(&cell()).unwrap();
        let path = folder.join("id-1.json");
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() - 1], &[&whole[..], b" "].concat()[..], b"", b"no newline"] {
            std::fs::write(&path, damaged).unwrap();
            let (kept, _, errors) = disk.read();
            assert!(kept.is_empty());
            assert_eq!(errors.len(), 1);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder("mode");
        let disk = Disk::new(folder.clone());
        disk.write_keys(&Identity::default(), &[]).unwrap();
        let mode = std::fs::metadata(folder.join("keys.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
