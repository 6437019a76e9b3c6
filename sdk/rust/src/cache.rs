//! The file that a later process starts from: the digest of the rest, a line feed, the snapshot.
//!
//! What is damaged, or cannot be read or written, is ignored with one warning.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pennon_engine::Snapshot;
use sha2::{Digest as _, Sha256};

use crate::core::Core;
use crate::settings::Endpoint;

/// The file is written at most once in this time.
const PACE: Duration = Duration::from_secs(1);
/// Hex digits of a SHA-256.
const DIGEST: usize = 64;
/// Hex digits of the name.
const NAME: usize = 16;

fn hex(bytes: &[u8]) -> String {
    let mut digest = String::with_capacity(DIGEST);
    for byte in Sha256::digest(bytes) {
        for half in [byte >> 4, byte & 15] {
            digest.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
    }
    digest
}

/// The file of an environment.
fn path(folder: &Path, endpoint: &Endpoint) -> PathBuf {
    let name: String =
        hex(format!("{}\n{}", endpoint.url, endpoint.key).as_bytes()).chars().take(NAME).collect();
    folder.join(format!("pennon-{name}.json"))
}

/// The snapshot of an earlier process.
pub(crate) fn read(core: &Core) -> Option<Snapshot> {
    let path = path(core.settings.cache_dir.as_deref()?, core.settings.endpoint.as_ref()?);
    match fs::read(&path) {
        Ok(bytes) => {
            let snapshot = parse(&bytes);
            if snapshot.is_none() {
                warn(core, &path, "what it holds is damaged");
            }
            snapshot
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            warn(core, &path, &error);
            None
        }
    }
}

/// Says once what is wrong with the cache.
fn warn(core: &Core, path: &Path, error: impl Display) {
    if !core.cache_warned.swap(true, Ordering::Relaxed) {
        tracing::warn!(target: "pennon", path = %path.display(), %error, "the cache cannot be used");
    }
}

fn parse(bytes: &[u8]) -> Option<Snapshot> {
    let (digest, rest) = bytes.split_at_checked(DIGEST)?;
    let document = rest.strip_prefix(b"\n")?;
    (hex(document).as_bytes() == digest).then(|| Snapshot::from_json(document).ok())?
}

/// Writes beside the place and renames, so that nobody reads half a file.
fn write(path: &Path, snapshot: &Snapshot) -> io::Result<()> {
    let document = snapshot.to_json();
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(hex(&document).as_bytes())?;
        file.write_all(b"\n")?;
        file.write_all(&document)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&beside, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    renamed
}

/// Writes each snapshot that comes, at most one a second, until the client is closed; then the last one.
pub(crate) async fn keep(core: Arc<Core>) {
    let (Some(folder), Some(endpoint)) = (&core.settings.cache_dir, &core.settings.endpoint) else { return };
    let path = path(folder, endpoint);
    let mut kept = core.cached();
    loop {
        let closed = tokio::select! {
            () = core.replaced.notified() => false,
            () = core.ended.cancelled() => true,
        };
        let image = core.image.load_full().filter(|image| Some(image.revision()) != kept);
        if let Some(image) = image {
            kept = Some(image.revision());
            let path = path.clone();
            let written = tokio::task::spawn_blocking(move || write(&path, &image.snapshot)).await;
            if let Ok(Err(error)) = written {
                warn(&core, folder, error);
            }
        }
        if closed {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(PACE) => {}
            () = core.ended.cancelled() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Given, settle};

    fn core(folder: &Path, key: &str) -> Core {
        let given = Given {
            url: Some("https://flags.example.org/".into()),
            key: Some(key.into()),
            cache_dir: Some(folder.into()),
            ..Given::default()
        };
        Core::new(settle(given, &|_| None).unwrap().0, false, None)
    }

    fn file(core: &Core) -> PathBuf {
        path(core.settings.cache_dir.as_deref().unwrap(), core.settings.endpoint.as_ref().unwrap())
    }

    fn snapshot() -> Snapshot {
        Snapshot::from_json(br#"{"epoch":1,"revision":2,"flags":{}}"#).unwrap()
    }

    #[test]
    fn the_name_is_of_the_address_and_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let name = file(&core(folder.path(), "pnn_srv_x"));
        // printf 'https://flags.example.org\npnn_srv_x' | sha256sum
        assert_eq!(name, folder.path().join("pennon-56e0c2d5bd543179.json"));
        assert_ne!(name, file(&core(folder.path(), "pnn_srv_y")));
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let core = core(folder.path(), "k");
        assert!(read(&core).is_none());
        write(&file(&core), &snapshot()).unwrap();
        assert_eq!(read(&core).unwrap().meta().revision, 2);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(names, [file(&core)]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(file(&core)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_damaged_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let core = core(folder.path(), "k");
        write(&file(&core), &snapshot()).unwrap();
        let good = fs::read(file(&core)).unwrap();
        for cut in 0..good.len() {
            assert!(parse(&good[..cut]).is_none(), "{cut} bytes");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(parse(&bad).is_none(), "byte {at}");
        }
        let odd = [hex(b"[]").as_bytes(), b"\n[]"].concat();
        assert!(parse(&odd).is_none());
    }
}
