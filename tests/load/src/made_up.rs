//! A sample that no server gave: to try this program, and its tests, with the floor alone.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::event::Said;
use crate::flags::{self, CONTEXTS};
use crate::sample::{FlagSample, Sample, Side, Template};

const EPOCH: u64 = 1_763_828_400_000;

/// So many flags, as the server would tell them on its own stream; answers are not truly evaluated.
pub fn sample(count: usize) -> Result<Sample> {
    let mut all = serde_json::Map::new();
    let mut revision = 1 + u64::try_from(count)? * 2;
    let documents: Vec<(String, [Value; 2])> =
        (0..count).map(|n| (flags::key(n), [false, true].map(|on| document(n, on)))).collect();
    for (key, [_, on]) in &documents {
        all.insert(key.clone(), on.clone());
    }
    let put = json!({"epoch": EPOCH, "revision": revision, "flags": all});
    let put = template("put", revision, &put)?;
    let mut list = Vec::new();
    for (key, sides) in documents {
        let mut made = Vec::new();
        for document in sides {
            revision += 1;
            let data = json!({"epoch": EPOCH, "from": revision - 1, "revision": revision,
                "flags": {key.clone(): document}, "segments": {}, "layers": {}});
            let answers =
                (0..CONTEXTS).map(|context| answer(&key, context, document.get("enabled"))).collect();
            made.push(Side { patch: template("patch", revision, &data)?, answers });
        }
        if let (Some(on), Some(off)) = (made.pop(), made.pop()) {
            list.push(FlagSample { key, on, off });
        }
    }
    Ok(Sample {
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        opening: ": default/development\nretry: 1000".to_owned(),
        put,
        revision,
        bodies: (0..CONTEXTS).map(flags::body).collect(),
        flags: list,
    })
}

fn document(number: usize, on: bool) -> Value {
    let (mut definition, configuration) = flags::documents(number);
    if let (Some(members), Some(more)) = (definition.as_object_mut(), configuration.as_object()) {
        members.extend(more.clone());
        members.insert("enabled".to_owned(), Value::Bool(on));
        members.insert("version".to_owned(), json!(number));
    }
    definition
}

fn answer(key: &str, context: usize, enabled: Option<&Value>) -> String {
    let on = enabled == Some(&Value::Bool(true));
    let (value, reason) =
        if on { (context.is_multiple_of(2), "TARGETING_MATCH") } else { (false, "DISABLED") };
    let variant = if value { "on" } else { "off" };
    json!({"key": key, "value": value, "variant": variant, "reason": reason, "metadata": {}}).to_string()
}

fn template(name: &str, revision: u64, data: &Value) -> Result<Template> {
    let text = format!("event: {name}\nid: {EPOCH}-{revision}\ndata: {data}");
    match Said::parse(text.as_bytes())? {
        Said::Event(event) => Ok(Template::new(text, &event)),
        other => bail!("no event: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::sample;

    #[test]
    fn a_template_takes_other_numbers() {
        let sample = sample(3).unwrap();
        let text = sample.flags[1].off.patch.at(70, 71);
        assert!(
            text.contains("\"from\":70,") && text.contains("\"revision\":71") && text.contains("-71\n"),
            "{text}"
        );
        assert!(text.ends_with("}\n\n"));
        assert!(sample.put.at(0, 99).contains("\"revision\":99"));
    }
}
