//! Starting while the database is away: from the disk image, without one, and with one that is damaged.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::outage::{health, unknown_key, wait_for_status, wrong_secret};
use crate::support::{Answer, Cluster, Home, Server, wait_until};

const FLAG: &str = "new_checkout_flow";
const CONFIGURATION: &str = "/api/v1/projects/default/flags/new_checkout_flow/environments/development";

fn flip(server: &Server, action: &str) {
    server.owner().post(&format!("{CONFIGURATION}/{action}")).header("If-Match", "*").expect(200);
}

fn value(server: &Server) -> Answer {
    server.evaluate(&server.server_key, FLAG, "{}")
}

fn cache(server: &Server) -> PathBuf {
    server.directory.join("data/cache")
}

/// Starts a node whose database is away, and waits until it listens at the address it had before.
fn start_without_database(server: &mut Server) {
    server.launch();
    let client = server.anonymous();
    wait_until("it is live", || {
        client.get("/health/live").try_send().ok().filter(|answer| answer.status == 200)
    });
    wait_until("it has written its address", || {
        fs::read_to_string(server.directory.join("address")).ok().filter(|text| *text == server.address)
    });
}

/// Waits until the image on disk holds a key made just now, so everything that came before it.
fn wait_for_image(server: &Server) -> String {
    let body = r#"{"kind": "server", "name": "last", "environment": "development"}"#;
    let made = server.owner().post("/api/v1/projects/default/keys").json(body).expect(201);
    let id = made.text_at("/id");
    wait_until("the image holds the key", || {
        fs::read_to_string(cache(server).join("keys.json")).ok().filter(|text| text.contains(&id))
    });
    made.text_at("/secret")
}

fn images(server: &Server) -> Vec<PathBuf> {
    let all = fs::read_dir(cache(server)).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| !path.ends_with("keys.json")).collect()
}

fn image_of(server: &Server, environment: &str) -> PathBuf {
    let text = format!(r#""environment":"{environment}""#);
    images(server).into_iter().find(|path| fs::read_to_string(path).unwrap().contains(&text)).unwrap()
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_node_starts_from_its_image_while_postgres_is_away_and_catches_up() {
    let cluster = Cluster::start("image");
    let mut server = Server::with(cluster.home(), &[("PENNON_REQUEST_TIMEOUT", "1s")]);
    flip(&server, "on");
    let key = wait_for_image(&server);
    assert_eq!(fs::metadata(image_of(&server, "development")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(cache(&server).join("keys.json")).unwrap().permissions().mode() & 0o777, 0o600);
    let older = server.directory.join("older");
    copy(&cache(&server), &older);

    // The image that the node will find is older than the database, and a key of it has been revoked since.
    flip(&server, "off");
    let keys = server.owner().get("/api/v1/projects/default/keys").expect(200);
    let last = keys.json()["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    server.owner().delete(&format!("/api/v1/projects/default/keys/{last}")).expect(200);
    assert!(server.stop().success());
    copy(&older, &cache(&server));
    cluster.stop();
    start_without_database(&mut server);

    let ready = health(&server);
    assert_eq!(ready.status, 200, "{ready}");
    assert_eq!(
        (ready.at("/status"), ready.at("/fromDisk"), ready.at("/database")),
        ("degraded".into(), true.into(), false.into())
    );
    assert_eq!((value(&server).status, value(&server).at("/value")), (200, true.into()));
    assert_eq!(server.evaluate(&key, FLAG, "{}").status, 200, "a key revoked since the image may still work");
    assert_eq!(server.evaluate(&unknown_key(&server.server_key), FLAG, "{}").status, 503);
    assert_eq!(server.evaluate(&wrong_secret(&server.server_key), FLAG, "{}").status, 401);
    server.owner().post(&format!("{CONFIGURATION}/on")).header("If-Match", "*").refused(503, "unavailable");

    cluster.start_again();
    let started = Instant::now();
    let caught_up = wait_for_status(&server, "ready");
    eprintln!("FIGURE a node started from disk was ready {:?} after Postgres was", started.elapsed());
    assert_eq!(caught_up.at("/fromDisk"), false, "{caught_up}");
    assert_eq!((value(&server).status, value(&server).at("/value")), (200, false.into()));
    assert_eq!(server.evaluate(&key, FLAG, "{}").status, 401);
    flip(&server, "on");
}

#[test]
fn a_node_without_an_image_is_live_but_not_ready_and_says_nothing_for_certain() {
    let cluster = Cluster::start("bare");
    let mut server = Server::with(cluster.home(), &[("PENNON_REQUEST_TIMEOUT", "1s")]);
    flip(&server, "on");
    assert!(server.stop().success());
    fs::remove_dir_all(cache(&server)).unwrap();
    cluster.stop();
    start_without_database(&mut server);

    let ready = health(&server);
    assert_eq!(
        (ready.status, ready.at("/status"), ready.at("/environments")),
        (503, "starting".into(), 0.into()),
        "{ready}"
    );
    let single = value(&server);
    assert_eq!(single.status, 503, "{single}");
    assert!(single.header("retry-after").parse::<u32>().unwrap() > 0, "{single}");
    let bulk = server
        .holding(&server.server_key)
        .post("/ofrep/v1/evaluate/flags")
        .json(r#"{"context": {}}"#)
        .expect(503);
    assert!(bulk.at("/flags").is_null(), "never an empty list: {bulk}");
    server.owner().get("/api/v1/whoami").refused(503, "unavailable");
    assert_eq!(server.evaluate("no key at all", FLAG, "{}").status, 401);

    cluster.start_again();
    wait_for_status(&server, "ready");
    assert_eq!((value(&server).status, value(&server).at("/value")), (200, true.into()));
}

#[test]
fn a_damaged_image_is_ignored_alone() {
    let cluster = Cluster::start("damage");
    let mut server = Server::with(cluster.home(), &[("PENNON_REQUEST_TIMEOUT", "1s")]);
    let body = r#"{"kind": "server", "name": "p", "environment": "production"}"#;
    let production =
        server.owner().post("/api/v1/projects/default/keys").json(body).expect(201).text_at("/secret");
    flip(&server, "on");
    wait_for_image(&server);
    assert!(server.stop().success());
    let whole = server.directory.join("whole");
    copy(&cache(&server), &whole);
    cluster.stop();
    let damages: [fn(&mut Vec<u8>); 3] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        // Still JSON: only the checksum can tell.
        |bytes| {
            let text =
                String::from_utf8(bytes.clone()).unwrap().replace(r#""enabled":true"#, r#""enabled":null"#);
            *bytes = text.replace("true", "fals").into_bytes();
        },
        |bytes| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            *bytes = text.replacen(r#""revision":"#, r#""revision":1"#, 1).into_bytes();
        },
    ];
    for damage in damages {
        copy(&whole, &cache(&server));
        let path = image_of(&server, "development");
        let mut bytes = fs::read(&path).unwrap();
        let before = bytes.clone();
        damage(&mut bytes);
        assert_ne!(bytes, before);
        fs::write(&path, bytes).unwrap();
        start_without_database(&mut server);
        assert!(server.log().contains("a disk image is ignored"), "{}", server.log());
        assert_eq!(value(&server).status, 503);
        assert_eq!(server.evaluate(&production, FLAG, "{}").status, 200, "the other environment is whole");
        server.kill();
    }
    // Keys that cannot be read are keys that cannot be checked.
    copy(&whole, &cache(&server));
    let keys = cache(&server).join("keys.json");
    let text = fs::read_to_string(&keys).unwrap();
    fs::write(&keys, &text[..text.len() - 1]).unwrap();
    start_without_database(&mut server);
    assert_eq!(value(&server).status, 503);
    server.owner().get("/api/v1/whoami").refused(503, "unavailable");
    cluster.start_again();
    wait_for_status(&server, "ready");
    assert_eq!((value(&server).status, value(&server).at("/value")), (200, true.into()));
}

#[test]
fn an_image_of_another_installation_gives_way_to_the_database() {
    let mut other = Server::on(Home::sqlite());
    flip(&other, "on");
    wait_for_image(&other);
    assert!(other.stop().success());
    let mut server = Server::on(Home::sqlite());
    assert!(server.stop().success());
    copy(&cache(&other), &cache(&server));
    server.start();
    wait_for_status(&server, "ready");
    assert_eq!((value(&server).status, value(&server).at("/value")), (200, false.into()));
    let ready = health(&server);
    assert_eq!(ready.at("/environments"), 2, "{ready}");
    assert_eq!(server.evaluate(&other.server_key, FLAG, "{}").status, 401);
}

on_both! {
    fn what_cannot_be_written_is_written_when_the_disk_allows_it(given: Server) {
        let mut server = given;
        assert!(server.stop().success());
        // A file where the folder belongs: nothing can be written.
        fs::remove_dir_all(cache(&server)).unwrap();
        fs::write(cache(&server), "in the way").unwrap();
        server.start();
        flip(&server, "on");
        wait_until("the failure is told", || {
            server.log().contains("the disk image could not be written").then_some(())
        });
        assert_eq!((value(&server).status, value(&server).at("/value")), (200, true.into()));
        fs::remove_file(cache(&server)).unwrap();
        // No further change: what failed is due by itself.
        assert!(server.stop().success());
        assert_eq!(images(&server).len(), 2);
    }
}

#[test]
fn nobody_else_may_enter_the_folder_of_the_database() {
    let home = Home::sqlite();
    let inner = home.path("made-by-the-server");
    let url = format!("sqlite:{}", inner.join("pennon.db").display());
    let server = Server::with(home, &[("PENNON_DATABASE_URL", &url)]);
    assert_eq!(fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
    drop(server);
}
