//! `/docs`: the document of the API as a page, served from the binary, with no third-party host and no script.

use std::sync::OnceLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

const STYLE: &str = include_str!("docs.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page. It is the same for everybody, so it is made once.
pub async fn docs() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let page = PAGE.get_or_init(|| {
        let document = serde_json::from_str(super::super::openapi_json()).unwrap_or(Value::Null);
        page(&document).into_string()
    });
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)],
        page.as_str(),
    )
        .into_response()
}

fn page(document: &Value) -> Markup {
    let info = at(document, "/info");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (text(at(info, "/title"))) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (text(at(info, "/title"))) " " small { (text(at(info, "/version"))) } }
                    p { (prose(text(at(info, "/description")))) }
                    p { "The same as a machine reads it: " a href="openapi.json" { "openapi.json" } }
                }
                nav aria-label="Groups" {
                    @for tag in tags(document) { a href={ "#" (tag) } { (tag) } " " }
                }
                main {
                    @for tag in tags(document) {
                        section id=(tag) {
                            h2 { (tag) }
                            @for (path, method, operation) in operations(document, &tag) {
                                (shown(document, path, method, operation))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn shown(document: &Value, path: &str, method: &str, operation: &Value) -> Markup {
    html! {
        details id=(text(at(operation, "/operationId"))) {
            summary {
                span class={ "method " (method) } { (method.to_uppercase()) } " "
                code { (path) } " "
                span class="what" { (prose(text(at(operation, "/summary")))) }
            }
            @if !text(at(operation, "/description")).is_empty() { p { (prose(text(at(operation, "/description")))) } }
            @if let Some(parameters) = at(operation, "/parameters").as_array() {
                h3 { "Parameters" }
                table {
                    thead { tr { th { "name" } th { "in" } th { "required" } th { "what" } } }
                    tbody {
                        @for parameter in parameters {
                            tr {
                                td { code { (text(at(parameter, "/name"))) } }
                                td { (text(at(parameter, "/in"))) }
                                td { @if at(parameter, "/required") == true { "yes" } @else { "no" } }
                                td { (prose(text(at(parameter, "/description")))) }
                            }
                        }
                    }
                }
            }
            @if let Some(content) = at(operation, "/requestBody/content").as_object() {
                h3 { "Body" }
                @for (kind, media) in content { (schema(document, kind, at(media, "/schema"))) }
            }
            @if let Some(responses) = at(operation, "/responses").as_object() {
                h3 { "Answers" }
                @for (status, response) in responses {
                    p { code { (status) } " " (prose(text(at(response, "/description")))) }
                    @if status.starts_with('2') && let Some(content) = at(response, "/content").as_object() {
                        @for (kind, media) in content { (schema(document, kind, at(media, "/schema"))) }
                    }
                }
            }
        }
    }
}

/// A schema one level deep: its members, their types and what they are for.
fn schema(document: &Value, kind: &str, schema: &Value) -> Markup {
    let name = reference(schema);
    let target = name.map_or(schema, |name| named(document, name));
    let required: Vec<&str> =
        at(target, "/required").as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    html! {
        p { code { (kind) } @if let Some(name) = name { " " strong { (name) } } " " (prose(text(at(target, "/description")))) }
        @if let Some(members) = at(target, "/properties").as_object() {
            table {
                thead { tr { th { "member" } th { "type" } th { "what" } } }
                tbody {
                    @for (member, value) in members {
                        tr {
                            td { code { (member) } @if required.contains(&member.as_str()) { " *" } }
                            td { (type_of(value)) }
                            td { (prose(text(at(value, "/description")))) }
                        }
                    }
                }
            }
        } @else { p { code { (type_of(target)) } } }
    }
}

fn type_of(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return name.to_owned();
    }
    if let Some(options) = at(schema, "/oneOf").as_array() {
        let options: Vec<String> = options.iter().map(type_of).filter(|option| option != "null").collect();
        return options.join(" or ");
    }
    match at(schema, "/type") {
        Value::String(kind) if kind == "array" => format!("list of {}", type_of(at(schema, "/items"))),
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            let names = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            names.collect::<Vec<_>>().join(" or ")
        }
        _ => "any".to_owned(),
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn tags(document: &Value) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for operation in at(document, "/paths").as_object().into_iter().flat_map(|paths| paths.values()) {
        for operation in operation.as_object().into_iter().flat_map(|methods| methods.values()) {
            let tag = text(at(operation, "/tags/0"));
            if !tag.is_empty() && !tags.iter().any(|own| own == tag) {
                tags.push(tag.to_owned());
            }
        }
    }
    tags.sort();
    tags
}

fn operations<'d>(document: &'d Value, tag: &str) -> Vec<(&'d str, &'d str, &'d Value)> {
    let mut found = Vec::new();
    for (path, methods) in at(document, "/paths").as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if at(operation, "/tags/0") == tag {
                found.push((path.as_str(), method.as_str(), operation));
            }
        }
    }
    found
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Text with its `code` set as code.
fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The value at a JSON Pointer; null where there is none.
fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// A schema by its name.
fn named<'v>(document: &'v Value, name: &str) -> &'v Value {
    at(document, "/components/schemas").get(name).unwrap_or(&Value::Null)
}
