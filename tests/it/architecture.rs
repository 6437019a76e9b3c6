//! The shape of the source: who may import whom (the rule stands in src/lib.rs), files that say what they are for and
//! stay small. Reads the text, so a path in a comment counts as well: that is where a wrong turn begins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module and what of the crate it may name. `app`, `lib`, `main` and `first_run` (the words of a start) put the
/// parts together and see everything.
const ALLOWED: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("config", &[]),
    ("clock", &[]),
    ("shutdown", &[]),
    ("telemetry", &["config"]),
    ("store", &["domain", "telemetry"]),
    ("auth", &["store", "domain"]),
    ("snapshot", &["store", "domain", "auth", "clock", "telemetry"]),
    ("stream", &["snapshot", "auth", "domain", "clock", "telemetry"]),
    ("service", &["domain", "store", "auth", "telemetry"]),
    ("usage", &["store", "domain", "clock", "telemetry"]),
    (
        "http",
        &["app", "config", "telemetry", "clock", "service", "snapshot", "stream", "usage", "auth", "domain"],
    ),
];
/// What anybody may import, since it imports nothing: commands too, which otherwise speak HTTP only.
const LEAVES: &[&str] = &["config", "clock", "shutdown", "telemetry"];
const SEE_EVERYTHING: [&str; 4] = ["app", "lib", "main", "first_run"];
/// Commands that run on this machine, and the list of all commands.
const LOCAL_COMMANDS: [&str; 5] = [
    "src/cli/serve.rs",
    "src/cli/migrate.rs",
    "src/cli/openapi.rs",
    "src/cli/create_owner.rs",
    "src/cli/mod.rs",
];
/// Crates that have one place each.
const AT_HOME: [(&str, &str); 3] = [("sqlx", "src/store/"), ("axum", "src/http/"), ("clap", "src/cli/")];
/// Lines of a file: more is two files.
const LINES: usize = 500;

fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 5, "{folder} is empty", folder = found.len());
    found
}

/// The modules of the crate that a text names: `crate::store::…`, `crate::{store, …}` or `pennon::store::…`.
fn named(text: &str) -> BTreeSet<&str> {
    let word = |rest: &'_ str| rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    let mut found = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => found.extend(
                list.split('}').next().unwrap().split(',').map(|own| own.trim().split("::").next().unwrap()),
            ),
            None => drop(found.insert(&rest[..word(rest)])),
        }
    }
    found.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    found
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for (name, text) in sources("src") {
        let module = name["src/".len()..].split(['/', '.']).next().unwrap().to_owned();
        if SEE_EVERYTHING.contains(&module.as_str()) || LOCAL_COMMANDS.contains(&name.as_str()) {
            continue;
        }
        let allowed: &[&str] = match ALLOWED.iter().find(|(own, _)| *own == module) {
            Some((_, allowed)) => allowed,
            None if module == "cli" => LEAVES,
            None => panic!("{name}: say in this test what the module {module} may import"),
        };
        let names = named(&text);
        let strangers = names.iter().filter(|other| **other != module && !allowed.contains(other));
        wrong.extend(strangers.map(|other| format!("{name} names crate::{other}")));
    }
    assert!(wrong.is_empty(), "the import rule of src/lib.rs is broken:\n{}", wrong.join("\n"));
}

#[test]
fn the_rule_has_no_circle() {
    for (module, allowed) in ALLOWED {
        for other in allowed.iter().filter(|other| **other != "app") {
            let back = ALLOWED.iter().find(|(own, _)| own == other).map_or(&[][..], |(_, allowed)| allowed);
            assert!(!back.contains(&module), "{module} and {other} import each other");
        }
    }
}

#[test]
fn databases_routes_and_flags_of_commands_have_one_place_each() {
    let mut wrong = Vec::new();
    for (name, text) in sources("src") {
        for (library, home) in AT_HOME {
            let uses = text.lines().any(|line| {
                line.trim_start().starts_with(&format!("use {library}::"))
                    || line.contains(&format!(" {library}::"))
            });
            if uses && !name.starts_with(home) {
                wrong.push(format!("{name} uses {library}, whose place is {home}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    let mut wrong = Vec::new();
    for (name, text) in sources("src").into_iter().chain(sources("sdk/engine/src")).chain(sources("tests/it"))
    {
        if !text.starts_with("//!") {
            wrong.push(format!("{name} does not open with //!"));
        }
        let lines = text.lines().count();
        if lines > LINES {
            wrong.push(format!("{name} has {lines} lines; {LINES} are enough"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
