//! The provider, through the OpenFeature SDK.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use open_feature::provider::{FeatureProvider as _, ProviderStatus};
use open_feature::{
    EvaluationContext, EvaluationContextFieldValue, EvaluationErrorCode, EvaluationReason, FlagMetadataValue,
    OpenFeature, StructValue, Value,
};
use pennon_sdk::Client;
use pennon_sdk::openfeature::Provider;

const SNAPSHOT: &str = r#"{"flags":{
    "bool":{"key":"bool","type":"boolean","version":7,"enabled":true,"variants":{"on":true,"off":false},
        "rules":[{"id":"pro","when":{"all":[{"attribute":"plan","op":"in","values":["pro"]},
            {"attribute":"/org/size","op":"gte","values":[3]},
            {"attribute":"since","op":"before","values":["1970-01-01T00:00:02Z"]}]},"serve":{"variant":"on"}}],
        "fallthrough":{"variant":"off"},"metadata":{"owner":"shop","cost":1.5,"tier":2,"hot":true,"more":{}}},
    "text":{"key":"text","type":"string","enabled":true,"variants":{"a":"hello"},"fallthrough":{"variant":"a"}},
    "three":{"key":"three","type":"number","enabled":true,"variants":{"a":3.0},"fallthrough":{"variant":"a"}},
    "half":{"key":"half","type":"number","enabled":true,"variants":{"a":0.5},"fallthrough":{"variant":"a"}},
    "object":{"key":"object","type":"object","enabled":true,"variants":{"a":{"n":1,"l":["x",null,0.5],"o":{"b":true},"z":null}},
        "fallthrough":{"variant":"a"}},
    "nothing":{"key":"nothing","type":"boolean","enabled":false,"variants":{"on":true},"fallthrough":{"variant":"on"}},
    "broken":{"key":"broken","type":"boolean"}}}"#;

fn provider() -> Provider {
    Provider::new(Client::builder().offline().bootstrap(SNAPSHOT).build().unwrap())
}

#[tokio::test]
async fn each_type_is_resolved_with_its_reason_variant_and_metadata() {
    let mut api = OpenFeature::singleton_mut().await;
    api.set_provider(provider()).await;
    let client = api.create_client();
    let org = StructValue::default().with_field("size", 3);
    let context = EvaluationContext::default()
        .with_targeting_key("user-1")
        .with_custom_field("plan", "pro")
        .with_custom_field("org", EvaluationContextFieldValue::new_struct(org))
        .with_custom_field("since", EvaluationContextFieldValue::Int(1_000));

    let details = client.get_bool_details("bool", Some(&context), None).await.unwrap();
    assert!(details.value);
    assert_eq!(
        (details.variant.as_deref(), details.reason),
        (Some("on"), Some(EvaluationReason::TargetingMatch))
    );
    let metadata = details.flag_metadata.values;
    for (name, value) in [
        ("ruleId", FlagMetadataValue::from("pro")),
        ("version", 7.into()),
        ("owner", "shop".into()),
        ("cost", 1.5.into()),
        ("tier", 2.into()),
        ("hot", true.into()),
    ] {
        assert_eq!(metadata.get(name), Some(&value), "{name}");
    }
    assert_eq!(metadata.len(), 6);

    assert_eq!(client.get_string_value("text", None, None).await.unwrap(), "hello");
    assert_eq!(client.get_int_value("three", None, None).await.unwrap(), 3);
    assert!((client.get_float_value("half", None, None).await.unwrap() - 0.5).abs() < f64::EPSILON);
    let object: StructValue = client.get_struct_value("object", None, None).await.unwrap();
    assert_eq!(object.fields.get("n"), Some(&Value::Int(1)));
    assert_eq!(
        object.fields.get("l"),
        Some(&Value::Array(vec![Value::String("x".into()), Value::Float(0.5)]))
    );
    assert!(!object.fields.contains_key("z"));
}

#[tokio::test]
async fn each_error_has_its_code() {
    let (provider, nobody) = (provider(), EvaluationContext::default());
    let code = async |key: &str| provider.resolve_int_value(key, &nobody).await.unwrap_err().code;
    assert_eq!(code("gone").await, EvaluationErrorCode::FlagNotFound);
    assert_eq!(code("text").await, EvaluationErrorCode::TypeMismatch);
    assert_eq!(code("half").await, EvaluationErrorCode::TypeMismatch);
    assert_eq!(code("broken").await, EvaluationErrorCode::ParseError);
    let left = provider.resolve_bool_value("nothing", &nobody).await.unwrap_err().code;
    assert!(matches!(left, EvaluationErrorCode::General(_)));
}

#[tokio::test]
async fn the_status_is_the_clients() {
    assert_eq!(provider().status(), ProviderStatus::Ready);
    let unreachable = Client::builder().url("http://127.0.0.1:1").key("k").events(false).build().unwrap();
    let provider = Provider::new(unreachable);
    assert_eq!(provider.status(), ProviderStatus::NotReady);
    let nobody = EvaluationContext::default();
    let code = provider.resolve_bool_value("bool", &nobody).await.unwrap_err().code;
    assert_eq!(code, EvaluationErrorCode::ProviderNotReady);
}
