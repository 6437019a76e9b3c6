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
use crate::image::Image;
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

/// Writes beside the place and renames, so that nobody reads half a file. Makes the folder, for this user only. The file beside
/// has a name of chance, and is a new one: processes of many containers have the same id, and a link is not followed.
fn write(path: &Path, snapshot: &Snapshot, random: u64) -> io::Result<()> {
    let document = snapshot.to_json();
    if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let beside = path.with_extension(format!("{random:016x}.tmp"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    let mut written = || {
        file.write_all(hex(&document).as_bytes())?;
        file.write_all(b"\n")?;
        file.write_all(&document)?;
        file.sync_all()
    };
    let renamed = written().and_then(|()| fs::rename(&beside, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    renamed
}

/// What is served, unless it is the bootstrap: the next process has one of its own, maybe of another environment.
fn from_server(core: &Core) -> Option<Arc<Image>> {
    // Asked first: what replaces the bootstrap meanwhile wakes the writer again.
    let is_bootstrap = core.serves_bootstrap();
    core.image.load_full().filter(|_| !is_bootstrap)
}

/// Writes each snapshot that comes from the server, at most one a second, until the client is closed; then the last one.
pub(crate) async fn keep(core: Arc<Core>) {
    let (Some(folder), Some(endpoint)) = (&core.settings.cache_dir, &core.settings.endpoint) else { return };
    let path = path(folder, endpoint);
    let mut kept = core.cached();
    loop {
        let closed = tokio::select! {
            () = core.replaced.notified() => false,
            () = core.ended.cancelled() => true,
        };
        let image = from_server(&core).filter(|image| Some(image.revision()) != kept);
        if let Some(image) = image {
            kept = Some(image.revision());
            let path = path.clone();
            let written =
                tokio::task::spawn_blocking(move || write(&path, &image.snapshot, fastrand::u64(..))).await;
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
    use crate::status::Source;

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
        write(&file(&core), &snapshot(), 7).unwrap();
        assert_eq!(read(&core).unwrap().meta().revision, 2);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(names, [file(&core)]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(file(&core)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_made_for_this_user_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("shop").join("flags");
        let core = core(&below, "k");
        write(&file(&core), &snapshot(), 7).unwrap();
        assert!(read(&core).is_some());
        assert_eq!(fs::metadata(&below).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_that_somebody_has_put_beside_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let core = core(folder.path(), "k");
        let beside = file(&core).with_extension("0000000000000007.tmp");
        fs::write(&beside, "theirs").unwrap();
        let error = write(&file(&core), &snapshot(), 7).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&beside).unwrap(), "theirs");
        write(&file(&core), &snapshot(), 8).unwrap();
    }

    #[tokio::test]
    async fn a_bootstrap_is_not_written_and_what_replaces_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let core = Arc::new(core(folder.path(), "k"));
        core.begin(Some(snapshot()), None);
        core.ended.cancel();
        keep(Arc::clone(&core)).await;
        assert!(!file(&core).exists());
        let later = Snapshot::from_json(br#"{"epoch":1,"revision":3,"flags":{}}"#).unwrap();
        core.put(later, Source::Stream);
        keep(Arc::clone(&core)).await;
        assert_eq!(read(&core).unwrap().meta().revision, 3);
    }

    #[test]
    fn what_is_damaged_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let core = core(folder.path(), "k");
        write(&file(&core), &snapshot(), 7).unwrap();
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
