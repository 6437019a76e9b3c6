//! What must not be stored: the exact status, code and place, and that nothing changed. Beside each stands what is
//! nearly the same and must be accepted.

use crate::support::http::Call;
use crate::support::paths::{State, configure, development, flag, flag_that_is_on, make, project};
use crate::support::{Client, Server};

/// A patch with one rule that has this condition.
fn rule(when: &str) -> String {
    format!(r#"{{"rules": [{{"id": "r", "when": {when}, "serve": {{"variant": "on"}}}}]}}"#)
}

/// An attribute's condition.
fn leaf(op: &str, values: &str) -> String {
    rule(&format!(r#"{{"attribute": "a", "op": "{op}", "values": {values}}}"#))
}

/// A flag `f` (boolean), `g` (boolean), `t` (string), a segment `s`, a layer `l`.
fn prepare(owner: &Client) {
    flag_that_is_on(owner, "f");
    flag_that_is_on(owner, "g");
    make(owner, r#"{"key": "t", "type": "string", "variants": {"a": "A", "b": "B"}}"#);
    owner.post(&project("/segments")).reason("r").json(r#"{"key": "s"}"#).expect(201);
    owner.post(&project("/layers")).reason("r").json(r#"{"key": "l"}"#).expect(201);
}

/// Sends each body to the same place: the bad ones are refused there and leave no trace, the good ones are taken.
fn refuse_and_accept(
    server: &Server,
    call: impl Fn() -> Call,
    bad: &[(String, &str, &str)],
    good: &[String],
) {
    for (body, pointer, code) in bad {
        let before = State::of(server);
        call().json(body).invalid(&[(pointer, code)]);
        assert_eq!(State::of(server), before, "{body}");
    }
    for body in good {
        let answer = call().json(body).send();
        assert!(matches!(answer.status, 200 | 201), "{body}: {answer}");
    }
}

on_both! {
    fn a_condition_that_cannot_be_evaluated(server: Server) {
        let owner = server.owner();
        prepare(&owner);
        let when = "/rules/0/when";
        let (op, value) = (format!("{when}/op"), format!("{when}/values/0"));
        let percentage = format!("{when}/percentage");
        let mut bad = Vec::new();
        for name in ["equals", "not_in", "IN", "semver", "", "ends-with"] {
            bad.push((leaf(name, r#"["x"]"#), op.as_str(), "unknown_operator"));
        }
        for pattern in ["(?=x)y", "(?!x)", "(?<=x)y", "(?<!x)y", r"(x)\\1", "(", "[a", "a{1001}", "x**", "(?x)a"] {
            bad.push((leaf("matches", &format!(r#"["{pattern}"]"#)), value.as_str(), "invalid_regex"));
        }
        for (name, literal, code) in [
            ("semver_gte", "v1.2.3", "invalid_version"), ("semver_eq", "1.2", "invalid_version"),
            ("cidr", "10.0.0.0/33", "invalid_network"), ("cidr", "010.0.0.1", "invalid_network"), ("cidr", "::1%eth0", "invalid_network"),
            ("before", "2026-02-30T00:00:00Z", "invalid_date"), ("after", "2026-02-28T00:00:00", "invalid_date"), ("after", "2026-02-28", "invalid_date"),
            ("lt", "abc", "invalid_number"), ("gte", "0x10", "invalid_number"), ("gt", "1e400", "invalid_number"),
        ] {
            bad.push((leaf(name, &format!(r#"["{literal}"]"#)), value.as_str(), code));
        }
        for number in ["12.3456", "100.001", "-0.001", "1e9"] {
            bad.push((rule(&format!(r#"{{"percentage": {number}}}"#)), percentage.as_str(), "invalid_percentage"));
        }
        bad.push((rule(r#"{"percentage": [60, 50]}"#), percentage.as_str(), "invalid_percentage"));
        bad.push((rule(r#"{"percentage": "20"}"#), percentage.as_str(), "wrong_type"));
        let (segment, flag, layer) = (format!("{when}/segment"), format!("{when}/flag"), format!("{when}/layer"));
        bad.push((rule(r#"{"segment": "nobody"}"#), segment.as_str(), "unknown_segment"));
        bad.push((rule(r#"{"flag": "nobody", "variants": ["on"]}"#), flag.as_str(), "unknown_flag"));
        bad.push((rule(r#"{"percentage": 5, "layer": "nobody"}"#), layer.as_str(), "unknown_layer"));
        let variant = format!("{when}/variants/1");
        bad.push((rule(r#"{"flag": "g", "variants": ["on", "nobody"]}"#), variant.as_str(), "unknown_variant"));
        let member = format!("{when}/colour");
        bad.push((rule(r#"{"percentage": 5, "colour": 1}"#), member.as_str(), "unknown_member"));
        let attribute = format!("{when}/attribute");
        for name in ["", "/", "/a//b", "/a~2", "$nobody"] {
            bad.push((rule(&format!(r#"{{"attribute": "{name}", "op": "exists"}}"#)), attribute.as_str(), "invalid_reference"));
        }
        let good = [
            leaf("in", r#"["x", 1, true, 3.0]"#), leaf("matches", r#"["(?:x)y", "(?i)x", "a{1000}", "\\bx\\b", "[^a-z]"]"#),
            leaf("semver_gte", r#"["1.2.3", "1.2.3-rc.1+build"]"#), leaf("cidr", r#"["10.0.0.0/8", "::1", "10.0.0.1/32"]"#),
            leaf("before", r#"["2026-02-28T00:00:00Z", "2026-02-28T23:59:59.123456789+14:00", 1772236800000]"#),
            leaf("lt", r#"["-12.5", "1e3", 7]"#), rule(r#"{"percentage": 12.345}"#), rule(r#"{"percentage": 100.000}"#), rule(r#"{"percentage": 0}"#),
            rule(r#"{"percentage": [50, 50]}"#), rule(r#"{"percentage": [0, 99.999]}"#), rule(r#"{"segment": "s"}"#),
            rule(r#"{"flag": "g", "variants": ["on", "off"]}"#), rule(r#"{"percentage": 5, "layer": "l"}"#), rule(r#"{"all": []}"#),
            rule(r#"{"attribute": "/a/b~1c~0", "op": "exists"}"#), rule(r#"{"attribute": "a/b", "op": "exists", "values": []}"#),
        ];
        refuse_and_accept(&server, || owner.patch(&development("f", "")).header("If-Match", "*"), &bad, &good);
    }

    fn what_is_served_must_exist_and_add_up(server: Server) {
        let owner = server.owner();
        prepare(&owner);
        let split = |a: &str, b: &str| format!(r#"{{"fallthrough": {{"variant": null, "split": [{{"variant": "on", "weight": {a}}}, {{"variant": "off", "weight": {b}}}]}}}}"#);
        let bad = [
            (r#"{"fallthrough": {"variant": "nobody"}}"#.to_owned(), "/fallthrough/variant", "unknown_variant"),
            (r#"{"offVariant": "nobody"}"#.to_owned(), "/offVariant", "unknown_variant"),
            (r#"{"targets": [{"values": ["u"], "variant": "nobody"}]}"#.to_owned(), "/targets/0/variant", "unknown_variant"),
            (r#"{"rules": [{"id": "r", "serve": {"variant": "nobody"}}]}"#.to_owned(), "/rules/0/serve/variant", "unknown_variant"),
            (r#"{"prerequisites": [{"flag": "g", "variants": ["nobody"]}]}"#.to_owned(), "/prerequisites/0/variants/0", "unknown_variant"),
            (r#"{"prerequisites": [{"flag": "nobody", "variants": ["on"]}]}"#.to_owned(), "/prerequisites/0/flag", "unknown_flag"),
            (split("50000", "49999"), "/fallthrough/split", "weights_sum"),
            (split("50", "50"), "/fallthrough/split", "weights_sum"),
            (split("99999.5", "0"), "/fallthrough/split/0/weight", "invalid_number"),
            (r#"{"rules": [{"id": "r", "serve": {"variant": "on"}}, {"id": "r", "serve": {"variant": "on"}}]}"#.to_owned(), "/rules/1/id", "duplicate_rule"),
            (r#"{"enabled": "yes"}"#.to_owned(), "/enabled", "wrong_type"),
            (r#"{"enabled": 1}"#.to_owned(), "/enabled", "wrong_type"),
            (r#"{"rules": {}}"#.to_owned(), "/rules", "wrong_type"),
            (r#"{"enabled": null}"#.to_owned(), "/enabled", "missing_member"),
            (r#"{"fallthrough": null}"#.to_owned(), "/fallthrough", "missing_member"),
            (r#"{"enabledd": true}"#.to_owned(), "/enabledd", "unknown_member"),
            (r#"{"variants": {}}"#.to_owned(), "/variants", "unknown_member"),
            (r#"{"version": 7}"#.to_owned(), "/version", "unknown_member"),
            (r#"{"rules": [{"id": "r", "serve": {"variant": "on"}, "colour": 1}]}"#.to_owned(), "/rules/0/colour", "unknown_member"),
            (r#"{"targets": [{"values": ["u"], "variant": "on", "colour": 1}]}"#.to_owned(), "/targets/0/colour", "unknown_member"),
            (r#"{"enabled": true, "enabled": false}"#.to_owned(), "/enabled", "duplicate_member"),
            (r#"{"rules": [{"id": "r", "id": "q", "serve": {"variant": "on"}}]}"#.to_owned(), "/rules/0/id", "duplicate_member"),
            (rule(r#"{"attribute": "a", "op": "in", "values": ["x"], "values": ["y"]}"#), "/rules/0/when/values", "duplicate_member"),
            (rule(r#"{"attribute": "a", "op": "in", "values": [1e400]}"#), "/rules/0/when/values/0", "invalid_number"),
            (rule(r#"{"attribute": "a", "op": "in", "values": ["\u0000"]}"#), "/rules/0/when/values/0", "invalid_string"),
            (r#"{"targets": [{"values": ["a\u0000"], "variant": "on"}]}"#.to_owned(), "/targets/0/values/0", "invalid_string"),
        ];
        let good = [
            r#"{"fallthrough": {"variant": "off"}, "offVariant": "on"}"#.to_owned(), split("50000", "50000"), split("100000.0", "0"),
            r#"{"fallthrough": {"variant": "off", "split": null}}"#.to_owned(), r#"{"prerequisites": [{"flag": "g", "variants": ["on"]}]}"#.to_owned(),
            r#"{"rules": [{"id": "r", "serve": {"variant": "on"}}, {"id": "R", "serve": {"variant": "on"}}]}"#.to_owned(),
            r#"{"targets": [{"values": ["a\u0001", "日本", 4711], "variant": "on"}]}"#.to_owned(), r#"{"enabled": false}"#.to_owned(), "{}".to_owned(),
        ];
        refuse_and_accept(&server, || owner.patch(&development("f", "")).header("If-Match", "*"), &bad, &good);
    }

    fn a_flag_that_cannot_be(server: Server) {
        let owner = server.owner();
        prepare(&owner);
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let string = |variants: &str| format!(r#"{{"key": "x", "type": "string", "variants": {variants}}}"#);
        let number = |value: &str| format!(r#"{{"key": "x", "type": "number", "variants": {{"a": {value}}}}}"#);
        let object = |value: &str| format!(r#"{{"key": "x", "type": "object", "variants": {{"a": {value}}}}}"#);
        let many = (0..101).map(|n| format!(r#""v{n}": "x""#)).collect::<Vec<_>>().join(",");
        let tags = vec!["\"t\""; 51].join(",");
        let mut bad = vec![
            (r"{}".to_owned(), "/key", "missing_member"),
            (r#"{"key": 7}"#.to_owned(), "/key", "wrong_type"),
            (r#"{"key": "x", "colour": 1}"#.to_owned(), "/colour", "unknown_member"),
            (r#"{"key": "x", "enabled": true}"#.to_owned(), "/enabled", "unknown_member"),
            (r#"{"key": "x", "type": "colour"}"#.to_owned(), "/variants", "missing_member"),
            (r#"{"key": "x", "type": "colour", "variants": {"a": 1}}"#.to_owned(), "/type", "wrong_type"),
            (r#"{"key": "x", "type": "string"}"#.to_owned(), "/variants", "missing_member"),
            (r#"{"key": "x", "kind": "temporary"}"#.to_owned(), "/kind", "invalid_value"),
            (r#"{"key": "x", "clientVisible": "yes"}"#.to_owned(), "/clientVisible", "wrong_type"),
            (r#"{"key": "x", "description": 7}"#.to_owned(), "/description", "wrong_type"),
            (r#"{"key": "x", "description": "a\u0000b"}"#.to_owned(), "/description", "invalid_value"),
            (format!(r#"{{"key": "x", "description": "{}"}}"#, "ü".repeat(2001)), "/description", "limit_exceeded"),
            (format!(r#"{{"key": "x", "tags": [{tags}]}}"#), "/tags", "limit_exceeded"),
            (r#"{"key": "x", "tags": ["a", ""]}"#.to_owned(), "/tags/1", "invalid_value"),
            (r#"{"key": "x", "metadata": {"a": 1, "a": 2}}"#.to_owned(), "/metadata/a", "duplicate_member"),
            (r#"{"key": "x", "key": "y"}"#.to_owned(), "/key", "duplicate_member"),
            (r#"{"key": "x", "salt": "a\u0000"}"#.to_owned(), "/salt", "invalid_string"),
            (r#"{"key": "x", "offVariant": "nobody"}"#.to_owned(), "/offVariant", "unknown_variant"),
            (r#"{"key": "x", "fallthrough": {"variant": "nobody"}}"#.to_owned(), "/fallthrough/variant", "unknown_variant"),
            (string(r#"{"a": 1}"#), "/variants/a", "wrong_type"),
            (string(r#"{"a": null}"#), "/variants/a", "wrong_type"),
            (string(r#"{"a": "\u0000"}"#), "/variants/a", "invalid_string"),
            (string(r#"{"a": "x", "a": "y"}"#), "/variants/a", "duplicate_member"),
            (string(r#"{"-": "x"}"#), "/variants/-", "invalid_key"),
            (number("1e400"), "/variants/a", "invalid_number"),
            (number("-1e400"), "/variants/a", "invalid_number"),
            (number("\"1\""), "/variants/a", "wrong_type"),
            (number("true"), "/variants/a", "wrong_type"),
            (object("[1]"), "/variants/a", "wrong_type"),
            (object(r#"{"x": [{"y": 1e400}]}"#), "/variants/a/x/0/y", "invalid_number"),
            (object(r#"{"x": {"y": 1, "y": 2}}"#), "/variants/a/x/y", "duplicate_member"),
            (object(&format!(r#"{{"x": "{}"}}"#, "y".repeat(65536))), "/variants/a", "limit_exceeded"),
            ("[]".to_owned(), "", "wrong_type"), ("null".to_owned(), "", "wrong_type"), ("7".to_owned(), "", "wrong_type"), ("\"x\"".to_owned(), "", "wrong_type"),
        ];
        let long = "x".repeat(101);
        for key in ["", "-a", ".a", "_a", "a b", "a/b", "ä", "a%20", "a\\u0000", &long] {
            bad.push((format!(r#"{{"key": "{key}"}}"#), "/key", "invalid_key"));
        }
        let good = [
            format!(r#"{{"key": "{}"}}"#, "x".repeat(100)), r#"{"key": "0.a_B-9"}"#.to_owned(), r#"{"key": "n1", "type": "number", "variants": {"a": 1e308, "b": -0.0, "c": 1e-400}}"#.to_owned(),
            r#"{"key": "n2", "type": "number", "variants": {"a": 9007199254740993}}"#.to_owned(),
            format!(r#"{{"key": "o1", "type": "object", "variants": {{"a": {{"x": {}}}, "b": {{}}, "c": {{"n": null}}}}}}"#, deep(60)),
            r#"{"key": "s1", "type": "string", "variants": {"a": "", "b": "\u0001\uFFFF🚩"}}"#.to_owned(),
            format!(r#"{{"key": "d1", "description": "{}", "tags": ["{}"]}}"#, "ü".repeat(2000), "é".repeat(100)),
            r#"{"key": "m1", "metadata": {"team": "payments", "n": 3.0, "b": true}, "kind": "permission"}"#.to_owned(),
            r#"{"key": "p1", "offVariant": null, "fallthrough": {"split": [{"variant": "on", "weight": 100000}]}}"#.to_owned(),
        ];
        refuse_and_accept(&server, || owner.post(&project("/flags")).reason("r"), &bad, &good);
        let deeper = owner.post(&project("/flags")).reason("r").json(&object(&format!(r#"{{"x": {}}}"#, deep(100)))).expect(422);
        assert_eq!(deeper.at("/errors/0/code"), "limit_exceeded", "{deeper}");
        // What follows from it (a variant that is not among those read) may be told too, after it.
        let before = State::of(&server);
        for (body, code) in [(string(&format!("{{{many}}}")), "limit_exceeded"), (string("[]"), "wrong_type"), (string("{}"), "empty")] {
            let refused = owner.post(&project("/flags")).reason("r").json(&body).expect(422);
            assert_eq!(refused.at("/errors/0/pointer"), "/variants", "{refused}");
            assert_eq!(refused.at("/errors/0/code"), code, "{refused}");
        }
        assert_eq!(State::of(&server), before);
    }

    fn a_circle(server: Server) {
        let owner = server.owner();
        prepare(&owner);
        configure(&owner, "f", r#"{"prerequisites": [{"flag": "g", "variants": ["on"]}]}"#);
        let before = State::of(&server);
        let patch = |key: &str, body: &str| owner.patch(&development(key, "")).header("If-Match", "*").json(body);
        // Every member of a circle is broken: the one in the request at its place, the other one named.
        let both = |call: Call, pointer: &str, other: &str| {
            let refused = call.invalid(&[("", "cycle"), (pointer, "cycle")]);
            assert!(refused.text_at("/errors/0/detail").contains(other), "{refused}");
        };
        both(patch("g", r#"{"prerequisites": [{"flag": "f", "variants": ["on"]}]}"#), "/prerequisites/0/flag", "\"f\"");
        patch("g", r#"{"prerequisites": [{"flag": "g", "variants": ["on"]}]}"#).invalid(&[("/prerequisites/0/flag", "cycle")]);
        both(patch("g", &rule(r#"{"not": {"all": [{"flag": "f", "variants": ["on"]}]}}"#)), "/rules/0/when/not/all/0/flag", "\"f\"");
        let segment = |key: &str, when: &str| {
            owner.patch(&project(&format!("/segments/{key}"))).header("If-Match", "*").reason("r").json(&format!(r#"{{"when": {when}}}"#))
        };
        segment("s", r#"{"segment": "s"}"#).invalid(&[("/when/segment", "cycle")]);
        assert_eq!(State::of(&server), before);
        owner.post(&project("/segments")).reason("r").json(r#"{"key": "q", "when": {"segment": "s"}}"#).expect(201);
        let before = State::of(&server);
        both(segment("s", r#"{"any": [{"segment": "q"}]}"#), "/when/any/0/segment", "\"q\"");
        // Through a segment: g asks s, s asks f, f asks g.
        segment("s", r#"{"flag": "f", "variants": ["on"]}"#).expect(200);
        let middle = State::of(&server);
        assert_ne!(middle, before);
        let refused = patch("g", &rule(r#"{"segment": "s"}"#)).expect(422);
        assert_eq!(refused.at("/errors/0/code"), "cycle", "{refused}");
        assert_eq!(State::of(&server), middle);
        // No circle: two that ask the same one.
        patch("t", r#"{"prerequisites": [{"flag": "g", "variants": ["on"]}, {"flag": "f", "variants": ["on"]}]}"#).expect(200);
    }

    fn an_edit_that_would_break_what_depends_on_it(server: Server) {
        let owner = server.owner();
        prepare(&owner);
        configure(&owner, "f", r#"{"prerequisites": [{"flag": "t", "variants": ["b"]}]}"#);
        let before = State::of(&server);
        let refused = owner.patch(&flag("t")).if_match(1).reason("r").json(r#"{"variants": {"b": null}}"#).expect(422);
        assert_eq!(refused.at("/errors/0/code"), "unknown_variant", "{refused}");
        assert!(refused.text_at("/errors/0/detail").contains("\"f\""), "{refused}");
        assert_eq!(State::of(&server), before);
        owner.patch(&flag("t")).if_match(1).reason("r").json(r#"{"variants": {"c": "C"}}"#).expect(200);
    }

    fn a_body_that_is_no_json(server: Server) {
        let owner = server.owner();
        let before = State::of(&server);
        let send = |body: &[u8]| owner.post(&project("/flags")).header("Content-Type", "application/json").body(body);
        let nested = format!(r#"{{"key": "x", "metadata": {}1{}}}"#, "[".repeat(500), "]".repeat(500));
        for body in [
            &b"{"[..], b"{\"key\": }", b"{\"key\": \"x\",}", b"{'key': 'x'}", b"{\"key\": \"x\"} {}", b"{\"key\": \"x\"}x", b"{\"key\": \"\xff\"}", b"\xef\xbb\xbf{\"key\": \"x\"}",
            b"{\"key\": \"x\", \"metadata\": {\"a\": \"\\ud800\"}}", b"{\"key\": \"a\tb\"}", b"{\"key\": 01}", b"{\"key\": NaN}",
        ] {
            send(body).refused(400, "invalid_json");
        }
        assert_eq!(send(nested.as_bytes()).expect(422).at("/errors/0/code"), "limit_exceeded");
        let act = |body: &str| owner.post(&development("new_checkout_flow", "/rollout")).if_match(1).json(body);
        act("{").refused(400, "invalid_json");
        act(r#"{"percentage": 20} 7"#).refused(400, "invalid_json");
        act(r#"{"percentage": 12.3456}"#).invalid(&[("/percentage", "invalid_percentage")]);
        act(r#"{"percentage": 1e400}"#).expect(422);
        act(r#"{"percentage": "20"}"#).invalid(&[("/percentage", "wrong_type")]);
        act(r#"{"percentage": 20, "variant": "nobody"}"#).invalid(&[("/variant", "unknown_variant")]);
        act(r#"{"percentage": 20, "variant": 7}"#).invalid(&[("/variant", "wrong_type")]);
        act(r#"{"percentage": 20, "percentage": 30}"#).expect(422);
        act("[]").expect(422);
        act("{}").expect(422);
        act(r#"{"percentage": 20, "colour": 1}"#).expect(422);
        let weigh = |body: &str| owner.post(&development("new_checkout_flow", "/weights")).if_match(1).json(body);
        weigh(r#"{"weights": {"on": 50, "off": 50}}"#).invalid(&[("/weights", "weights_sum")]);
        weigh(r#"{"weights": {"on": 50000, "off": 49999}}"#).invalid(&[("/weights", "weights_sum")]);
        weigh(r#"{"weights": {"nobody": 100000}}"#).expect(422);
        weigh(r#"{"weights": {"on": 50000, "on": 50000}}"#).expect(422);
        for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "json"] {
            owner.post(&project("/flags")).header("Content-Type", kind).body(br#"{"key": "x"}"#).refused(415, "unsupported_media_type");
        }
        owner.post(&project("/flags")).body(br#"{"key": "x"}"#).refused(415, "unsupported_media_type");
        assert_eq!(State::of(&server), before);
        send("{\"key\": \"x\", \"description\": \" \u{1F6A9} \"}".as_bytes()).expect(201);
        owner.post(&project("/flags")).header("Content-Type", "Application/JSON; Charset=UTF-8").body(b" \r\n\t{\"key\": \"y\"} \n").expect(201);
    }

    fn more_than_fits(server: Server) {
        let owner = server.owner();
        let before = State::of(&server);
        let unit = |number: usize| format!("\"unit-{number:0>90}\"");
        let list = |count: usize| (0..count).map(unit).collect::<Vec<_>>().join(",");
        let segment = |count: usize| format!(r#"{{"key": "big", "included": [{}]}}"#, list(count));
        let large = segment(120_000);
        assert!(large.len() > 11 << 20);
        for path in ["/flags", "/segments"] {
            let refused = owner.post(&project(path)).json(&large).refused(413, "too_large");
            assert!(refused.text_at("/detail").contains("10485760"), "{refused}");
        }
        let over = format!(r#"{{"key": "big", "included": [{}]}}"#, (0..=100_000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
        owner.post(&project("/segments")).reason("r").json(&over).invalid(&[("/included", "limit_exceeded")]);
        owner.post(&project("/flags")).reason(&"x".repeat(1_001)).json(r#"{"key": "x"}"#).refused(400, "invalid_header");
        assert_eq!(State::of(&server), before);
        let most = segment(100_000);
        assert!(most.len() < 10 << 20 && most.len() > 9 << 20);
        owner.post(&project("/segments")).reason(&"x".repeat(1_000)).json(&most).expect(201);
    }

    fn a_depth_and_a_count_beyond_the_limit(server: Server) {
        let owner = server.owner();
        prepare(&owner);
        let nested = |depth: usize| rule(&format!("{}{}{}", r#"{"not": "#.repeat(depth - 1), r#"{"segment": "s"}"#, "}".repeat(depth - 1)));
        let rules = |count: usize| {
            let rules: Vec<String> = (0..count).map(|n| format!(r#"{{"id": "r{n}", "serve": {{"variant": "on"}}}}"#)).collect();
            format!(r#"{{"rules": [{}]}}"#, rules.join(","))
        };
        let patch = |body: &str| owner.patch(&development("f", "")).header("If-Match", "*").json(body);
        let before = State::of(&server);
        let refused = patch(&nested(17)).expect(422);
        assert_eq!(refused.at("/errors/0/code"), "too_deep", "{refused}");
        patch(&rules(257)).invalid(&[("/rules", "limit_exceeded")]);
        let long = leaf("matches", &format!(r#"["{}"]"#, "x".repeat(1001)));
        assert_eq!(patch(&long).expect(422).at("/errors/0/pointer"), "/rules/0/when/values/0");
        assert_eq!(State::of(&server), before);
        patch(&nested(16)).expect(200);
        patch(&rules(256)).expect(200);
        patch(&leaf("matches", &format!(r#"["{}"]"#, "x".repeat(1000)))).expect(200);
    }
}
