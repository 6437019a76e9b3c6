//! The document of the API: current, whole, and what every operation owes its reader.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::{Home, Server};

/// Pages and files that the document does not describe.
const UNDOCUMENTED: [&str; 3] = ["/metrics", "/openapi.json", "/docs"];

fn document() -> Value {
    serde_json::from_str(pennon::http::openapi_json()).unwrap()
}

/// Path, method and operation of every operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, methods): (&'_ String, &'_ Value)| -> Vec<(String, String)> {
        methods.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())).collect()
    };
    assert!(paths.iter().flat_map(methods).count() > 40);
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

#[test]
fn the_committed_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/v1.json");
    let now = pennon::http::openapi_json();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == now, "openapi/v1.json is not current: run `cargo run -- openapi > openapi/v1.json`");
}

#[test]
fn every_operation_has_a_name_of_its_own_a_group_and_a_summary() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name =
            operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
        assert!(names.insert(name.to_owned()), "{name} stands twice");
        assert!(
            name.chars().all(|c| c.is_ascii_alphanumeric())
                && name.starts_with(|c: char| c.is_ascii_lowercase()),
            "{name}"
        );
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name} belongs to one group");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} has a summary");
    }
}

#[test]
fn every_operation_tells_its_errors_and_its_parameters() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        let responses = operation["responses"].as_object().unwrap();
        let has = |class: &str| responses.keys().any(|status| status.starts_with(class));
        assert!(has("2"), "{name} succeeds");
        if path.starts_with("/health") {
            continue;
        }
        assert!(has("4"), "{name} tells what a caller can do wrong");
        for (status, response) in responses {
            let kinds: Vec<&String> =
                response["content"].as_object().into_iter().flat_map(|content| content.keys()).collect();
            let want: &[&str] = match (status.as_bytes()[0], path.starts_with("/ofrep")) {
                (b'3', _) => &[],
                (b'2', _) if name.starts_with("stream") => &["text/event-stream"],
                (b'2', _) | (_, true) => &["application/json"],
                _ => &["application/problem+json"],
            };
            assert_eq!(kinds, want, "{name} {status}");
        }
        let named = |place: &str| -> BTreeSet<&str> {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters.filter(|own| own["in"] == place).filter_map(|own| own["name"].as_str()).collect()
        };
        let in_path: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(named("path"), in_path, "{name}");
        let changes_what_exists =
            method == "patch" || path.ends_with("/revert") || path.ends_with("/restore");
        assert!(!changes_what_exists || named("header").contains("If-Match"), "{name} names If-Match");
        assert!(
            method == "get"
                || method == "delete"
                || operation.get("requestBody").is_some()
                || path.ends_with("/restore")
                || path.ends_with("/new-epoch"),
            "{name} has a body"
        );
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut wanted = BTreeSet::new();
    references(&document, &mut wanted);
    let known: BTreeSet<String> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .map(|name| format!("#/components/schemas/{name}"))
        .collect();
    assert!(wanted.is_subset(&known), "dangling: {:?}", wanted.difference(&known));
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|inner| references(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

/// The router's source names each handler in `routes!(…)`; a plain `.route("…")` is what the document leaves out.
#[test]
fn every_route_of_the_router_is_in_the_document() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut handlers = 0;
    let mut plain = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("routes!(").skip(1).filter(|_| text.contains("utoipa_axum::routes")) {
                handlers +=
                    part.split(')').next().unwrap().split(',').filter(|name| !name.trim().is_empty()).count();
            }
            for part in text.split(".route(").skip(1) {
                plain.push(part.split('"').nth(1).unwrap().to_owned());
            }
        }
    }
    let document = document();
    assert_eq!(handlers, operations(&document).len());
    assert_eq!(plain, UNDOCUMENTED);
}

#[test]
fn every_documented_operation_answers_and_no_other_method_does() {
    let server = Server::on(Home::sqlite());
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let filled = path
            .replace("{project}", "default")
            .replace("{environment}", "development")
            .replace("{flag}", "f")
            .replace("{channel}", "nobody.0")
            .replace("{key}", "f");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = server.anonymous().call(method, &filled).send();
            let documented = methods.get(method.to_lowercase()).is_some();
            assert_eq!(answer.status == 405, !documented, "{method} {path}: {answer}");
            assert_ne!(answer.status, 404, "{method} {path}");
        }
    }
    assert_eq!(server.anonymous().get("/openapi.json").expect(200).text(), pennon::http::openapi_json());
    let page = server.anonymous().get("/docs").expect(200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"), "{page}");
    for (_, _, operation) in operations(&document) {
        assert!(page.text().contains(operation["operationId"].as_str().unwrap()));
    }
    assert!(
        !page.text().contains("https://") && !page.text().contains("<script"),
        "no third-party host, no script"
    );
}
