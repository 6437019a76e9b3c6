//! Flags, segments, layers and snapshots, well-formed by themselves.

use super::Source;

const FLAGS: [&str; 4] = ["a", "b", "c", "d"];
const SEGMENTS: [&str; 3] = ["s", "t", "u"];
const LAYERS: [&str; 2] = ["l", "m"];
const ATTRIBUTES: [&str; 9] =
    ["plan", "targetingKey", "id", "/org/plan", "/org/plan/deep", "version", "n", "$now", "$instance"];

/// A whole snapshot. Its documents name one another, so that some may be in circles.
pub fn snapshot(source: &mut Source<'_>) -> String {
    let flags = FLAGS.map(|key| format!("\"{key}\":{}", flag(key, source))).join(",");
    let segments = SEGMENTS.map(|key| format!("\"{key}\":{}", segment(source))).join(",");
    let layers = LAYERS.map(|key| format!("\"{key}\":{}", layer(source))).join(",");
    format!(
        "{{\"schemaVersion\":1,\"epoch\":1,\"project\":\"p\",\"environment\":\"e\",\"revision\":{},\"flags\":{{{flags}}},\
         \"segments\":{{{segments}}},\"layers\":{{{layers}}}}}",
        source.wide()
    )
}

/// A flag with the variants `on` and `off` of any type.
pub fn flag(key: &str, source: &mut Source<'_>) -> String {
    let (kind, on, off) = match source.below(4) {
        0 => ("boolean", "true", "false"),
        1 => ("string", "\"x\\u00e9\"", "\"\""),
        2 => ("number", "3.0", "-1e2"),
        _ => ("object", "{ \"a\" : [1, null] }", "{}"),
    };
    let mut out = format!(
        "{{\"key\":\"{key}\",\"type\":\"{kind}\",\"enabled\":{},\"variants\":{{\"on\":{on},\"off\":{off}}}",
        !source.chance(6)
    );
    if source.chance(2) {
        out.push_str(",\"offVariant\":\"off\"");
    }
    if source.chance(3) {
        out.push_str(&format!(
            ",\"version\":{},\"salt\":\"{}\"",
            source.wide(),
            source.pick(&["x", "", "a:b", "é"])
        ));
    }
    if source.chance(8) {
        out.push_str(&format!(
            ",\"override\":{{\"variant\":\"off\",\"percentage\":{},\"salt\":\"shed\",\"cause\":\"k\"{}}}",
            percent(source),
            by(source, &["[\"id\"]", "[\"$instance\"]"])
        ));
    }
    if source.chance(3) {
        out.push_str(&format!(",\"prerequisites\":[{}]", source.list(0, 2, flag_reference)));
    }
    if source.chance(3) {
        out.push_str(&format!(",\"targets\":[{}]", source.list(0, 2, target)));
    }
    out.push_str(&format!(",\"rules\":[{}]", rules(source)));
    if source.chance(3) {
        out.push_str(",\"clientVisible\":true,\"metadata\":{\"owner\":\"x\",\"n\":[1.0,null]}");
    }
    out.push_str(&format!(",\"fallthrough\":{}}}", serve(source)));
    out
}

/// A segment.
pub fn segment(source: &mut Source<'_>) -> String {
    let mut members = Vec::new();
    if source.chance(3) {
        members.push("\"salt\":\"z\"".into());
    }
    if source.chance(3) {
        members.push("\"by\":[\"id\",\"targetingKey\"]".into());
    }
    for name in ["included", "excluded"] {
        if source.chance(2) {
            members.push(format!("\"{name}\":[{}]", source.list(0, 3, unit)));
        }
    }
    if source.chance(2) {
        members.push(format!("\"when\":{}", condition(source, 3)));
    }
    format!("{{{}}}", members.join(","))
}

/// A layer.
pub fn layer(source: &mut Source<'_>) -> String {
    source
        .pick(&[
            "{}",
            "{\"salt\":\"y\"}",
            "{\"by\":[\"id\",\"$random\"]}",
            "{\"salt\":\"\",\"by\":[\"/org/plan\"]}",
        ])
        .into()
}

fn rules(source: &mut Source<'_>) -> String {
    let mut number = 0;
    source.list(0, 4, |source| {
        number += 1;
        let mut out = format!("{{\"id\":\"r{number}\"");
        if !source.chance(8) {
            out.push_str(&format!(",\"when\":{}", condition(source, 4)));
        }
        out.push_str(&format!(",\"serve\":{}", serve(source)));
        if source.chance(4) {
            out.push_str(",\"track\":{\"run\":\"run-1\"}");
        }
        if source.chance(6) {
            out.push_str(",\"description\":\"why \\\" not\"");
        }
        out.push('}');
        out
    })
}

fn serve(source: &mut Source<'_>) -> String {
    if !source.chance(3) {
        return format!("{{\"variant\":\"{}\"}}", source.pick(&["on", "off"]));
    }
    let first = u64::from(source.wide()) * 100_000 / 65_535;
    let second = 100_000 - first;
    let draw = by(source, &["[\"id\"]", "[\"$random\"]", "[\"id\",\"targetingKey\"]"]);
    let draw = if draw.is_empty() && source.chance(4) { ",\"layer\":\"l\"".into() } else { draw };
    format!(
        "{{\"split\":[{{\"variant\":\"on\",\"weight\":{first}}},{{\"variant\":\"off\",\"weight\":{second}.0}}]{draw}}}"
    )
}

fn by(source: &mut Source<'_>, choices: &[&str]) -> String {
    if source.chance(3) { format!(",\"by\":{}", source.pick(choices)) } else { String::new() }
}

fn target(source: &mut Source<'_>) -> String {
    let units = source.list(1, 3, unit);
    format!(
        "{{\"by\":\"{}\",\"values\":[{units}],\"variant\":\"on\"}}",
        source.pick(&["targetingKey", "id", "$instance"])
    )
}

fn unit(source: &mut Source<'_>) -> String {
    source.pick(&["\"u-1\"", "\"u-2\"", "4711", "\"4711\"", "-3.0", "\"pro\""]).into()
}

fn flag_reference(source: &mut Source<'_>) -> String {
    format!(
        "{{\"flag\":\"{}\",\"variants\":[{}]}}",
        source.pick(&FLAGS),
        source.pick(&["\"on\"", "\"off\"", "\"off\",\"on\""])
    )
}

fn percent(source: &mut Source<'_>) -> String {
    match source.below(4) {
        0 => "0".into(),
        1 => "100".into(),
        2 => format!("{}", source.below(100)),
        _ => format!("{}", f64::from(source.wide()) / 1_000.0),
    }
}

/// A condition tree.
pub fn condition(source: &mut Source<'_>, depth: usize) -> String {
    let forms = if depth == 0 { 9 } else { 12 };
    match source.below(forms) {
        0..=4 => attribute(source),
        5 => format!("{{\"percentage\":{}{}}}", percent(source), by(source, &["[\"id\"]", "[\"$random\"]"])),
        6 => format!(
            "{{\"percentage\":[{},{}],\"layer\":\"{}\"}}",
            source.below(50),
            50 + source.below(51),
            source.pick(&LAYERS)
        ),
        7 => format!("{{\"segment\":\"{}\"}}", source.pick(&SEGMENTS)),
        8 => flag_reference(source),
        9 => format!("{{\"all\":[{}]}}", source.list(0, 3, |source| condition(source, depth - 1))),
        10 => format!("{{\"any\":[{}]}}", source.list(0, 3, |source| condition(source, depth - 1))),
        _ => format!("{{\"not\":{}}}", condition(source, depth - 1)),
    }
}

fn attribute(source: &mut Source<'_>) -> String {
    let any = source.pick(&ATTRIBUTES);
    let (operator, values, folds): (&str, &[&str], bool) = match source.below(7) {
        0 => return format!("{{\"attribute\":\"{any}\",\"op\":\"exists\"}}"),
        1 => ("in", &["\"pro\"", "1", "true", "\"u-1\"", "7.0", "\"\u{130}\"", "1e300"], true),
        2 => (
            source.pick(&["starts_with", "ends_with", "contains"]),
            &["\"p\"", "\"RO\"", "\"\"", "\"-\""],
            true,
        ),
        3 => ("matches", &["\"^p\"", "\"(?i)[\\\\w.]+o$\"", "\"\\\\d{2,}|x\"", "\"\\\\p{Lu}\""], true),
        4 => (source.pick(&["lt", "lte", "gt", "gte"]), &["3", "\"4.5\"", "-1e3", "1767225600000"], false),
        5 => (
            source.pick(&["before", "after"]),
            &["\"2026-01-01T00:00:00.5+01:00\"", "0", "1767225600000"],
            false,
        ),
        _ => match source.below(2) {
            0 => {
                let operators = ["semver_eq", "semver_lt", "semver_lte", "semver_gt", "semver_gte"];
                (source.pick(&operators), &["\"2.3.0\"", "\"2.3.0-rc.1+b\"", "\"10.0.0\""], false)
            }
            _ => (
                "cidr",
                &["\"10.0.0.0/8\"", "\"::/0\"", "\"2001:db8::1/33\"", "\"::ffff:10.0.0.0/104\""],
                false,
            ),
        },
    };
    let fitting = match operator {
        "before" | "after" | "lt" | "lte" | "gt" | "gte" => source.pick(&["n", "$now"]),
        "cidr" => "id",
        _ if operator.starts_with("semver") => "version",
        _ => any,
    };
    let name = if source.chance(4) { any } else { fitting };
    let values = source.list(1, 3, |source| source.pick(values).into());
    let folding = if folds && source.chance(2) { ",\"ignoreCase\":true" } else { "" };
    format!("{{\"attribute\":\"{name}\",\"op\":\"{operator}\",\"values\":[{values}]{folding}}}")
}
