//! The five workloads that speed is measured on, and of which the first four may not allocate.

use std::fmt::Write as _;

use pennon_engine::{At, Context, Evaluation, Snapshot};

/// A flag, and a context that takes the way through it that is measured.
pub struct Workload {
    pub name: &'static str,
    pub snapshot: Snapshot,
    context: String,
    /// The variant that must come out, so that a change does not measure another way.
    pub variant: &'static str,
}

impl Workload {
    pub fn context(&self) -> Context<'_> {
        Context::from_json(self.context.as_bytes()).expect("a context")
    }

    /// The context as it is sent.
    #[allow(dead_code, reason = "for who writes the workloads down")]
    pub fn context_json(&self) -> &str {
        &self.context
    }

    pub fn run<'s>(&'s self, context: &Context<'_>, at: &At<'_>) -> Evaluation<'s> {
        self.snapshot.evaluate("flag", context, None, at)
    }
}

/// A time, so that a test of it does something.
pub const AT: At<'static> = At { now_ms: 1_767_225_600_000, random: 7, instance: Some("instance-1") };

/// The four that evaluate one flag.
pub fn single() -> [Workload; 4] {
    [simple(), rollout(), rules(), list()]
}

fn snapshot(flags: &str) -> Snapshot {
    let text = format!(
        r#"{{"schemaVersion":1,"epoch":1,"project":"p","environment":"e","revision":1,"flags":{flags}}}"#
    );
    let snapshot = Snapshot::from_json(text.as_bytes()).expect("a snapshot");
    assert_eq!(snapshot.broken().count(), 0);
    snapshot
}

fn flag(key: &str, decisions: &str) -> String {
    format!(
        r#""{key}":{{"key":"{key}","type":"boolean","enabled":true,"variants":{{"on":true,"off":false}},"offVariant":"off",{decisions}}}"#
    )
}

fn simple() -> Workload {
    Workload {
        name: "simple on",
        snapshot: snapshot(&format!("{{{}}}", flag("flag", r#""fallthrough":{"variant":"on"}"#))),
        context: r#"{"targetingKey":"user-1"}"#.into(),
        variant: "on",
    }
}

const ROLLOUT: &str = r#""rules":[{"id":"rollout","when":{"percentage":20},"serve":{"variant":"on"}}],"fallthrough":{"variant":"off"}"#;

fn rollout() -> Workload {
    let snapshot = snapshot(&format!("{{{}}}", flag("flag", ROLLOUT)));
    Workload { name: "20 % rollout", snapshot, context: r#"{"targetingKey":"user-1"}"#.into(), variant: "on" }
}

/// Ten rules of three conditions, all of which are looked at; the last matches.
fn rules() -> Workload {
    let mut rules = String::new();
    for number in 0..10 {
        let least = if number == 9 { 18 } else { 1_000 + number };
        let _ = write!(
            rules,
            r#"{}{{"id":"r{number}","serve":{{"variant":"on"}},"when":{{"all":[
            {{"attribute":"country","op":"in","values":["de","at","ch","fr","it","es","pt","nl","be","lu"]}},
            {{"attribute":"appVersion","op":"semver_gte","values":["2.{number}.0"]}},
            {{"attribute":"age","op":"gte","values":[{least}]}}]}}}}"#,
            if number == 0 { "" } else { "," }
        );
    }
    Workload {
        name: "10 rules x 3 conditions",
        snapshot: snapshot(&format!(
            "{{{}}}",
            flag("flag", &format!(r#""rules":[{rules}],"fallthrough":{{"variant":"off"}}"#))
        )),
        context: CONTEXT.into(),
        variant: "on",
    }
}

/// A context as a web application sends it.
const CONTEXT: &str = r#"{"targetingKey":"user-4711","country":"lu","appVersion":"2.14.3","age":42,"plan":"pro",
    "email":"ada@example.com","beta":false}"#;

fn list() -> Workload {
    let ids: Vec<String> = (0..10_000).map(|number| format!("\"user-{number}\"")).collect();
    let decisions = format!(
        r#""rules":[{{"id":"r","serve":{{"variant":"on"}},"when":{{"attribute":"targetingKey","op":"in","values":[{}]}}}}],"fallthrough":{{"variant":"off"}}"#,
        ids.join(",")
    );
    Workload {
        name: "list of 10 000 ids",
        snapshot: snapshot(&format!("{{{}}}", flag("flag", &decisions))),
        context: CONTEXT.into(),
        variant: "on",
    }
}

/// 500 flags as an environment has them, and a context.
pub fn bulk() -> (Snapshot, String) {
    (Snapshot::from_json(environment(500).as_bytes()).expect("a snapshot"), CONTEXT.into())
}

/// A snapshot's document: most flags are simple, some rolled out, some targeted.
pub fn environment(count: usize) -> String {
    let targeted = r#""rules":[{"id":"pro","serve":{"variant":"on"},"when":{"attribute":"plan","op":"in","values":["pro","team"]}}],"fallthrough":{"variant":"off"}"#;
    let flags: Vec<String> = (0..count)
        .map(|number| {
            let decisions = match number % 5 {
                0 => ROLLOUT,
                1 => targeted,
                _ => r#""fallthrough":{"variant":"on"}"#,
            };
            flag(&format!("flag-{number}"), decisions)
        })
        .collect();
    format!("{{\"schemaVersion\":1,\"flags\":{{{}}}}}", flags.join(","))
}
