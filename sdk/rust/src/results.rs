//! What the web SDK begins with: the results for one context, as the server's client stream gives them.
//!
//! They are public: must not hold a flag that is not client-visible, nor a rule, a cause or the name of another flag.

use std::sync::Arc;

use pennon_engine::{At, Evaluation, Variant};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::core::Core;
use crate::details::{Object, Track};
use crate::image::Image;
use crate::moment::{Moment, now_ms};

/// `{"epoch", "revision", "flags": {key: entry}}`
pub(crate) fn bootstrap(core: &Core, image: &Arc<Image>, context: &Context) -> Value {
    let set = core.moment.as_ref().map(Moment::get);
    // As over the client stream, where no SDK instance evaluates.
    let at = match &set {
        Some(set) => At { now_ms: set.now_ms, random: set.random, instance: None },
        None => At { now_ms: now_ms(), random: fastrand::u32(..), instance: None },
    };
    let visible = image.snapshot.flags().filter(|flag| flag.flag().client_visible());
    let flags: Map<String, Value> = visible
        .map(|flag| {
            let key = flag.flag().key();
            (key.to_owned(), entry(key, &flag.evaluate(context.engine(), None, &at)))
        })
        .collect();
    let revision = image.revision();
    json!({"epoch": revision.epoch, "revision": revision.number, "flags": flags})
}

/// An entry of OFREP's answer for all flags, and `track`.
fn entry(key: &str, found: &Evaluation<'_>) -> Value {
    if let (Some(code), Some(message)) = (found.error(), found.error_message()) {
        return json!({"key": key, "errorCode": code, "errorDetails": message});
    }
    let own: Object =
        found.metadata_json().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    // OFREP knows no others.
    let metadata: Object = own
        .into_iter()
        .filter(|(_, value)| !value.is_object() && !value.is_array() && !value.is_null())
        .collect();
    let mut entry = json!({
        "key": key,
        "variant": found.variant().map_or("", Variant::name),
        "reason": found.reason(),
        "metadata": metadata,
    });
    if let Some(members) = entry.as_object_mut() {
        if let Some(value) = found.json().and_then(|json| serde_json::from_str(json).ok()) {
            members.insert("value".into(), value);
        }
        if let Some(track) = found.track().and_then(|track| serde_json::to_value(Track::from(track)).ok()) {
            members.insert("track".into(), track);
        }
    }
    entry
}
