//! `cargo run -p pennon-engine --example workloads -- DIR`: the five workloads that speed is measured on, as JSON, so that
//! the benchmarks of other languages run the same data.
//!
//! One file each: `{"name", "snapshot", "context", "flags", "nowMs", "random", "instance", "expect"}`. `flags` are the keys
//! to evaluate, `expect` the variant of each, so that nobody measures another way through them.

#[allow(dead_code, clippy::expect_used, reason = "the benchmarks' own, who use all of it and fail aloud")]
#[path = "../../benches/workloads/mod.rs"]
mod workloads;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use pennon_engine::{Context, Snapshot, Variant};
use serde::Serialize;
use serde_json::value::RawValue;
use workloads::AT;

/// One workload as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    name: &'a str,
    snapshot: &'a RawValue,
    context: &'a RawValue,
    flags: Vec<&'a str>,
    now_ms: i64,
    random: u32,
    instance: Option<&'a str>,
    expect: Vec<Option<&'a str>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map(PathBuf::from).ok_or("a folder to write to is wanted")?;
    fs::create_dir_all(&folder)?;
    for workload in workloads::single() {
        write(&folder, workload.name, &workload.snapshot, workload.context_json())?;
    }
    let (snapshot, context) = workloads::bulk();
    write(&folder, "500 flags", &snapshot, &context)?;
    Ok(())
}

fn write(folder: &Path, name: &str, snapshot: &Snapshot, context: &str) -> Result<(), Box<dyn Error>> {
    let document = String::from_utf8(snapshot.to_json())?;
    let subject = Context::from_json(context.as_bytes())?;
    let answers = snapshot.evaluate_all(&subject, &AT);
    let file = File {
        name,
        snapshot: serde_json::from_str(&document)?,
        context: serde_json::from_str(context)?,
        flags: snapshot.flags().map(|flag| flag.flag().key()).collect(),
        now_ms: AT.now_ms,
        random: AT.random,
        instance: AT.instance,
        expect: answers.map(|found| found.variant().map(Variant::name)).collect(),
    };
    let words: Vec<&str> =
        name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    fs::write(folder.join(words.join("-") + ".json"), serde_json::to_vec(&file)?)?;
    Ok(())
}
