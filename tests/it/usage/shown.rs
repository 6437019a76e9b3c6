//! What is known of use, as people and programs read it.

use serde_json::{Value, json};

use super::{FLAG, batch, exposure, prompt, summary, taken, usage};
use crate::support::paths::{development, flag, make, project};
use crate::support::{Answer, Client, Home, Server, wait_until};

fn time(second: i64) -> String {
    format!("{:.6}", jiff::Timestamp::from_second(second).unwrap())
}

/// Now, in seconds, at the beginning of an hour that lies behind.
fn an_hour() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() / 3_600 * 3_600 - 2 * 3_600
}

fn at(second: i64, variant: &str, reason: &str, count: i64) -> String {
    let to = time(second);
    format!(
        r#"{{"kind": "summary", "to": "{to}", "evaluations": [{{"flag": "{FLAG}", "variant": "{variant}", "reason": "{reason}", "count": {count}}}]}}"#
    )
}

/// Variant and reason, evaluations, and those of each point.
type Series = (String, i64, Vec<(String, i64)>);

#[track_caller]
fn series(answer: &Answer) -> Vec<Series> {
    let points = |one: &Value| {
        let point = |point: &Value| {
            (point["at"].as_str().unwrap().to_owned(), point["evaluations"].as_i64().unwrap())
        };
        one["points"].as_array().unwrap().iter().map(point).collect()
    };
    let one = |one: &Value| {
        let name = format!("{} {}", one["variant"].as_str().unwrap_or("-"), one["reason"].as_str().unwrap());
        (name, one["evaluations"].as_i64().unwrap(), points(one))
    };
    answer.at("/items/0/series").as_array().unwrap_or_else(|| panic!("{answer}")).iter().map(one).collect()
}

on_both! {
    fn evaluations_are_shown_by_the_minute_the_hour_and_the_day(server: Server) {
        let hour = an_hour();
        let events = [at(hour + 5, "on", "SPLIT", 1), at(hour + 59, "on", "SPLIT", 2), at(hour + 60, "on", "SPLIT", 4),
            at(hour + 3_600, "on", "SPLIT", 8), at(hour + 65, "off", "DEFAULT", 16)];
        taken(&server.tell(&batch(1, 1, &events.join(","))), 5);
        let shown = |step: &str, from: i64, to: i64| {
            let range = format!("&flag={FLAG}&step={step}&from={}&to={}", time(from), time(to));
            series(&server.owner().get(&usage(&range)).expect(200))
        };
        let on = |sum: i64, points: &[(i64, i64)]| ("on SPLIT".to_owned(), sum, points.iter().map(|(at, count)| (time(*at), *count)).collect::<Vec<_>>());
        let off = |points: &[(i64, i64)]| ("off DEFAULT".to_owned(), 16, points.iter().map(|(at, count)| (time(*at), *count)).collect::<Vec<_>>());
        assert_eq!(shown("minute", hour, hour + 7_200), [off(&[(hour + 60, 16)]), on(15, &[(hour, 3), (hour + 60, 4), (hour + 3_600, 8)])]);
        // From is rounded down to a whole step, and what begins at the end is outside.
        assert_eq!(shown("minute", hour + 30, hour + 60), [on(3, &[(hour, 3)])]);
        assert_eq!(shown("hour", hour + 1_800, hour + 7_200), [off(&[(hour, 16)]), on(15, &[(hour, 7), (hour + 3_600, 8)])]);
        let day = hour / 86_400 * 86_400;
        let days: i64 = shown("day", day, day + 2 * 86_400).iter().map(|(_, sum, _)| sum).sum();
        assert_eq!(days, 31);
        let usual = server.owner().get(&usage("")).expect(200);
        assert_eq!((usual.text_at("/step").as_str(), usual.text_at("/environment").as_str()), ("hour", "development"));
        assert_eq!(usual.number_at("/items/0/evaluations"), 31, "the last day, by the hour: {usual}");
    }

    fn exposures_tracks_errors_and_when_a_flag_was_seen_are_shown(home: Home) {
        let server = prompt(home);
        let events = [
            exposure(FLAG, "r-1", "candidate", "u-1"), exposure(FLAG, "r-1", "candidate", "u-2"),
            format!(r#"{{"kind": "summary", "evaluations": [{{"flag": "{FLAG}", "reason": "ERROR", "errorCode": "TYPE_MISMATCH", "count": 3}}]}}"#),
            r#"{"kind": "track", "metric": "latency", "unit": "u-1", "value": 2}"#.to_owned(),
            r#"{"kind": "track", "metric": "latency", "unit": "u-2", "value": -0.5}"#.to_owned(),
        ];
        taken(&server.tell(&batch(1, 1, &events.join(","))), 5);
        let shown = server.owner().get(&usage("")).expect(200).json();
        let item = &shown["items"][0];
        assert_eq!(item["flag"], FLAG);
        let exposures = &item["exposures"][0];
        assert_eq!((&exposures["run"], &exposures["arm"], &exposures["variant"], &exposures["units"], &exposures["trusted"]),
            (&json!("r-1"), &json!("candidate"), &json!("on"), &json!(2), &json!(true)));
        let series = &item["series"][0];
        assert_eq!((&series["reason"], &series["errorCode"], &series["variant"], &series["source"], &series["evaluations"]),
            (&json!("ERROR"), &json!("TYPE_MISMATCH"), &Value::Null, &json!("server"), &json!(3)));
        assert_eq!(shown["tracks"], json!([{"metric": "latency", "trusted": true, "count": 2, "sum": 1.5, "sumOfSquares": 4.25, "min": -0.5, "max": 2.0}]));
        assert!(item["lastEvaluatedAt"].is_string() && item["firstEvaluatedAt"].is_string() && item["lastInBulkAt"].is_null(), "{item}");
        server.holding(&server.client_key).post("/ofrep/v1/evaluate/flags").json("{}").expect(200);
        wait_until("the answer for all flags is counted", || {
            let shown = server.owner().get(&usage(&format!("&flag={FLAG}"))).expect(200).json();
            assert!(shown.get("tracks").is_none(), "tracks belong to no flag");
            shown["items"][0]["lastInBulkAt"].is_string().then_some(())
        });
        for path in [flag(FLAG), project("/flags")] {
            let shown = server.owner().get(&path).expect(200).json();
            let one = if shown.get("items").is_some() { &shown["items"][0] } else { &shown };
            let (here, there) = (&one["environments"]["development"], &one["environments"]["production"]);
            assert!(here["lastEvaluatedAt"].is_string() && here["lastInBulkAt"].is_string(), "{shown}");
            assert!(there["lastEvaluatedAt"].is_null(), "{shown}");
        }
        assert!(server.owner().get(&development(FLAG, "")).expect(200).at("/lastEvaluatedAt").is_string());
    }

    fn flags_are_paged_by_key_and_a_flag_that_was_never_evaluated_shows_nothing(server: Server) {
        for key in ["b", "a", "c"] {
            make(&server.owner(), &format!(r#"{{"key": "{key}"}}"#));
        }
        let served = |key: &str| server.evaluate(&server.server_key, key, "{}").status == 200;
        wait_until("the flags are served", || ["a", "b", "c"].into_iter().all(served).then_some(()));
        taken(&server.tell(&batch(1, 1, &[summary("c", "on", 1), summary("a", "on", 1)].join(","))), 2);
        let first = server.owner().get(&usage("&limit=1")).expect(200);
        assert_eq!((first.text_at("/items/0/flag").as_str(), first.text_at("/nextCursor").as_str()), ("a", "a"));
        assert_eq!(first.at("/tracks"), json!([]));
        let flags = |rest: &str| -> Vec<String> {
            let page = server.owner().get(&usage(rest)).expect(200).json();
            page["items"].as_array().unwrap().iter().map(|one| one["flag"].as_str().unwrap().to_owned()).collect()
        };
        assert!(flags("&cursor=a").contains(&"c".to_owned()) && !flags("&cursor=a").contains(&"a".to_owned()));
        let b = server.owner().get(&usage(&format!("&flag={FLAG}"))).expect(200).json();
        assert_eq!(b["items"], json!([{"flag": FLAG, "evaluations": 0, "series": [], "exposures": []}]));
    }
}

#[test]
fn a_page_of_many_points_holds_fewer_flags() {
    let server = Server::on(Home::sqlite());
    let (owner, mut events) = (server.owner(), Vec::new());
    for number in 0..15 {
        make(&owner, &format!(r#"{{"key": "f{number:02}"}}"#));
        events.push(summary(&format!("f{number:02}"), "on", 1));
    }
    taken(&server.tell(&batch(1, 1, &events.join(","))), 15);
    let now = time(an_hour() + 3 * 3_600);
    let day = format!("&step=minute&from={}&to={now}", time(an_hour() + 3 * 3_600 - 86_400));
    let page = owner.get(&usage(&day)).expect(200);
    assert_eq!(
        page.json()["items"].as_array().unwrap().len(),
        13,
        "20 000 points are 13 flags of a day of minutes"
    );
    let rest = owner.get(&usage(&format!("{day}&cursor={}", page.text_at("/nextCursor")))).expect(200);
    assert_eq!((rest.json()["items"].as_array().unwrap().len(), rest.at("/tracks")), (2, Value::Null));
}

#[test]
fn what_is_asked_of_use_is_checked() {
    let server = Server::on(Home::sqlite());
    let owner = server.owner();
    owner.get("/api/v1/projects/default/usage").refused(400, "invalid_query");
    owner.get("/api/v1/projects/default/usage/unknown").refused(400, "invalid_query");
    for bad in [
        "&step=week",
        "&from=yesterday",
        "&to=2026-11-25",
        "&from=2026-11-25T00:00:00Z&to=2026-11-25T00:00:00Z",
        "&from=2026-11-26T00:00:00Z&to=2026-11-25T00:00:00Z",
        "&step=minute&from=2026-11-25T00:00:00Z&to=2026-11-26T00:01:00Z",
        "&step=hour&from=2026-01-01T00:00:00Z&to=2026-02-01T01:00:00Z",
        "&step=day&from=2026-01-01T00:00:00Z&to=2026-04-04T00:00:00Z",
        "&limit=0",
        "&limit=501",
    ] {
        owner.get(&usage(bad)).refused(400, "invalid_query");
    }
    for good in [
        "&step=minute&from=2026-11-25T00:00:00Z&to=2026-11-26T00:00:00Z",
        "&step=hour&from=2026-01-01T00:00:00%2B01:00&to=2026-02-01T00:00:00%2B01:00",
        "&step=day&from=2026-01-01T00:00:00Z&to=2026-04-03T00:00:00Z",
    ] {
        owner.get(&usage(good)).expect(200);
    }
    owner.get(&usage("&flag=nobody")).refused(404, "not_found");
    let path = |project: &str, environment: &str| {
        format!("/api/v1/projects/{project}/usage?environment={environment}")
    };
    owner.get(&path("default", "nowhere")).refused(404, "not_found");
    owner.get(&path("nowhere", "development")).refused(404, "not_found");
    let may = |client: &Client, status: u16| {
        client.get(&usage("")).expect(status);
        client.get(&usage("").replace("usage?", "usage/unknown?")).expect(status);
    };
    may(&server.with_role("viewer"), 200);
    let scoped = r#"{"kind": "api", "name": "p", "grants": [{"role": "owner", "project": "default", "environment": "production"}]}"#;
    let scoped = owner.post("/api/v1/keys").json(scoped).expect(201).text_at("/secret");
    may(&server.holding(&scoped), 404);
    may(&server.holding(&server.server_key), 403);
    may(&server.anonymous(), 401);
}
