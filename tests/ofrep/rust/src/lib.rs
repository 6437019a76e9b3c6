//! `open-feature` with `open-feature-ofrep`, which nobody here wrote, against a true server.
//! Where the provider falls short of its protocol a comment says so: the assertion then states what a
//! user of that provider sees. Its reason is always `Static` and it gives no metadata, so neither is asked.
#![cfg(test)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use open_feature::{
    Client, EvaluationContext, EvaluationContextFieldValue, EvaluationErrorCode, OpenFeature, StructValue,
    Value,
};
use open_feature_ofrep::{OfrepOptions, OfrepProvider};
use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap, HeaderValue, IF_MATCH};
use serde_json::{Value as Json, json};

/// The seeded server. It ends when this process does, for its standard input closes then.
struct Server {
    info: Json,
    _process: Child,
}

impl Server {
    fn get() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(|| {
            let mut process = Command::new("python3")
                .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../server.py"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("python3 starts");
            let mut line = String::new();
            let output = process.stdout.take().expect("stdout is piped");
            BufReader::new(output).read_line(&mut line).expect("the server says where it is");
            let info = serde_json::from_str(&line).expect("the server started (its error is above)");
            Server { info, _process: process }
        })
    }

    fn text(&self, member: &str) -> &str {
        self.info[member].as_str().expect("a string")
    }

    async fn switch(&self, flag: &str, on: bool) {
        self.act(flag, if on { "on" } else { "off" }, None).await;
    }

    async fn rollout(&self, flag: &str, percentage: u32) {
        self.act(flag, "rollout", Some(json!({ "percentage": percentage, "variant": "on" }))).await;
    }

    async fn act(&self, flag: &str, action: &str, body: Option<Json>) {
        let http = reqwest::Client::new();
        let url = format!(
            "{}/api/v1/projects/{}/flags/{flag}/environments/{}",
            self.text("address"),
            self.text("project"),
            self.text("environment")
        );
        let current = http.get(&url).bearer_auth(self.text("apiToken")).send().await.expect("an answer");
        let version = current.headers()[ETAG].clone();
        let call =
            http.post(format!("{url}/{action}")).bearer_auth(self.text("apiToken")).header(IF_MATCH, version);
        let call = if let Some(body) = body { call.json(&body) } else { call };
        let answer = call.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{action} of {flag}: {}", answer.status());
    }
}

async fn connect_with(header: &'static str, value: &str) -> Client {
    let headers = HeaderMap::from_iter([(
        header.parse().expect("a name"),
        HeaderValue::from_str(value).expect("a value"),
    )]);
    let base_url = Server::get().text("address").to_owned();
    let provider = OfrepProvider::new(OfrepOptions { base_url, headers, ..Default::default() })
        .await
        .expect("a provider");
    let mut api = OpenFeature::default();
    api.set_provider(provider).await;
    api.create_client()
}

async fn connect_as(key: &str) -> Client {
    connect_with(AUTHORIZATION.as_str(), &format!("Bearer {key}")).await
}

async fn connect() -> Client {
    connect_as(Server::get().text("serverKey")).await
}

fn user(key: &str) -> EvaluationContext {
    EvaluationContext::default().with_targeting_key(key)
}

#[tokio::test]
async fn a_boolean_flag_gives_its_value_and_variant() {
    let details = connect().await.get_bool_details("checkout-bool", Some(&user("u")), None).await.unwrap();
    assert_eq!((details.value, details.variant.as_deref()), (true, Some("on")));
}

#[tokio::test]
async fn a_string_keeps_every_character() {
    let value = connect().await.get_string_value("button-colour", None, None).await.unwrap();
    assert_eq!(value, "#0f0 é 日本");
}

#[tokio::test]
async fn an_integer_flag_is_an_integer() {
    let client = connect().await;
    assert_eq!(client.get_int_value("max-items", None, None).await.unwrap(), 3);
    assert_eq!(client.get_int_value("big-number", None, None).await.unwrap(), 9_007_199_254_740_991);
}

#[tokio::test]
async fn numbers_are_floats_when_a_float_is_asked() {
    let client = connect().await;
    for (flag, expected) in [("ratio", 0.5), ("whole-ratio", 3.0), ("max-items", 3.0)] {
        let value = client.get_float_value(flag, None, None).await.unwrap();
        assert!((value - expected).abs() < f64::EPSILON, "{flag} is {value}");
    }
}

#[tokio::test]
async fn an_object_arrives_as_it_was_written() {
    let value: StructValue = connect().await.get_struct_value("theme", None, None).await.unwrap();
    assert_eq!(value.fields["name"].as_str(), Some("dark"));
    assert_eq!(value.fields["sizes"].as_array().map(Vec::len), Some(3));
    assert_eq!(value.fields["sizes"].as_array().and_then(|list| list[1].as_f64()), Some(2.5));
    let nested = value.fields["nested"].as_struct().expect("a struct");
    assert_eq!(nested.fields["deep"].as_bool(), Some(true));
    assert!(matches!(&value.fields["empty"], Value::Struct(empty) if empty.fields.is_empty()));
}

#[tokio::test]
async fn targets_and_rules_serve_their_variants() {
    let client = connect().await;
    // The provider sends a struct of the context as text, so the rule on `/org/plan` can't be met by it.
    let crowd = user("u-9").with_custom_field("seats", EvaluationContextFieldValue::Int(12));
    for (context, expected) in [(user("u-1"), "panel a"), (user("u-9"), "none"), (crowd, "none")] {
        assert_eq!(client.get_string_value("beta-panel", Some(&context), None).await.unwrap(), expected);
    }
}

/// evaluation.md: the buckets of user-1, 4711 and user-42 are 10345, 41728 and 95791.
#[tokio::test]
async fn a_rollout_serves_the_users_of_the_golden_vectors() {
    let client = connect().await;
    let users = ["user-1", "4711", "user-42"];
    for (percentage, inside) in [(10, 0), (20, 1), (50, 2), (100, 3)] {
        Server::get().rollout("new_checkout_flow", percentage).await;
        for (n, key) in users.iter().enumerate() {
            let value = client.get_bool_value("new_checkout_flow", Some(&user(key)), None).await.unwrap();
            assert_eq!(value, n < inside, "{key} at {percentage} %");
        }
    }
}

/// The provider makes INVALID_CONTEXT of every 400, this TARGETING_KEY_MISSING too.
#[tokio::test]
async fn a_split_without_a_targeting_key_is_an_error() {
    let client = connect().await;
    let error = client.get_string_value("half-half", None, None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::InvalidContext);
    assert!(client.get_string_value("half-half", Some(&user("u")), None).await.is_ok());
}

#[tokio::test]
async fn a_missing_flag_is_not_found() {
    let error = connect().await.get_bool_value("no-such-flag", Some(&user("u")), None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::FlagNotFound);
}

/// The provider's word for a value of another type, or none, is PARSE_ERROR; a caller's `unwrap_or` serves.
#[tokio::test]
async fn another_type_and_a_default_of_the_code_are_errors_that_leave_the_default() {
    let client = connect().await;
    let error = client.get_bool_value("button-colour", None, None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::ParseError);
    let error = client.get_int_value("ratio", None, None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::ParseError);
    let error = client.get_string_value("code-decides", None, None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::ParseError);
}

#[tokio::test]
async fn a_disabled_flag_gives_its_off_variant() {
    let details = connect().await.get_bool_details("switched-off", None, None).await.unwrap();
    assert_eq!((details.value, details.variant.as_deref()), (false, Some("off")));
}

#[tokio::test]
async fn a_flip_is_in_the_very_next_answer() {
    let client = connect().await;
    for on in [true, false, true, false] {
        Server::get().switch("flip", on).await;
        assert_eq!(client.get_bool_value("flip", Some(&user("u")), None).await.unwrap(), on);
    }
}

#[tokio::test]
async fn the_key_is_taken_from_x_api_key_too() {
    let client = connect_with("x-api-key", Server::get().text("serverKey")).await;
    assert!(client.get_bool_value("checkout-bool", None, None).await.unwrap());
}

#[tokio::test]
async fn a_wrong_key_is_an_authentication_error() {
    let spoilt = format!("{}x", Server::get().text("serverKey"));
    for key in ["nonsense", &spoilt, Server::get().text("apiToken")] {
        let error = connect_as(key).await.get_bool_value("checkout-bool", None, None).await.unwrap_err();
        assert_eq!(error.code, EvaluationErrorCode::General("authentication/authorization error".to_owned()));
    }
}

#[tokio::test]
async fn a_client_key_sees_client_visible_flags_only() {
    let client = connect_as(Server::get().text("clientKey")).await;
    assert!(client.get_bool_value("checkout-bool", None, None).await.unwrap());
    let error = client.get_bool_value("server-only", None, None).await.unwrap_err();
    assert_eq!(error.code, EvaluationErrorCode::FlagNotFound);
}
