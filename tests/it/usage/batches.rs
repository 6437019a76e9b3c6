//! Batches: taken whole, acknowledged when durable, counted once.

use serde_json::json;

use super::{FLAG, batch, counted, counts, exposure, stored, summary, taken};
use crate::support::Server;

on_both! {
    fn a_batch_is_kept_by_kind(server: Server) {
        let events = [
            r#"{"kind": "instance", "at": "2026-11-25T13:00:30.000Z", "sdk": "pennon-python", "sdkVersion": "0.1.0",
                "startedAt": "2026-11-25T12:52:00.000Z", "state": "ready", "revision": "1795393578941-42", "healthy": false,
                "labels": {"region": "eu"}, "dropped": {"exposures": 1, "tracks": 2, "evaluations": 3}}"#.to_owned(),
            format!(r#"{{"kind": "summary", "from": "2026-11-25T13:00:00.000Z", "to": "2026-11-25T13:00:30.000Z", "evaluations": [
                {{"flag": "{FLAG}", "variant": "on", "reason": "SPLIT", "count": 812}},
                {{"flag": "{FLAG}", "reason": "ERROR", "errorCode": "TYPE_MISMATCH", "count": 2}},
                {{"flag": "gone", "reason": "ERROR", "errorCode": "FLAG_NOT_FOUND", "count": 3}}]}}"#),
            exposure(FLAG, "r-1", "candidate", "user-1"),
            r#"{"kind": "track", "at": "2026-11-25T13:00:13.000Z", "metric": "checkout_error", "unit": "user-1", "value": 2.5}"#.to_owned(),
        ];
        taken(&server.tell(&batch(7, 1, &events.join(","))), 4);
        let home = &server.home;
        let by = |span: i64| [(format!("{span} {FLAG}  TYPE_MISMATCH server"), 2), (format!("{span} {FLAG} on SPLIT server"), 812)];
        assert_eq!(counts(home), [by(60), by(3_600)].concat());
        let unknown = stored(home, "SELECT flag, trusted, count FROM unknown_flag", &["flag"], &["trusted", "count"]);
        assert_eq!(unknown, [json!({"flag": "gone", "trusted": 1, "count": 3})]);
        let sql = "SELECT instance_id, session, sdk, sdk_version, state, revision, labels, healthy, started_at, dropped_exposures, \
                   dropped_tracks, dropped_evaluations FROM instance";
        let texts = ["instance_id", "session", "sdk", "sdk_version", "state", "revision", "labels"];
        let numbers = ["healthy", "started_at", "dropped_exposures", "dropped_tracks", "dropped_evaluations"];
        let instance = json!({"instance_id": "shop-1", "session": "0000000000000007", "sdk": "pennon-python", "sdk_version": "0.1.0",
            "state": "ready", "revision": "1795393578941-42", "labels": r#"{"region":"eu"}"#, "healthy": 0,
            "started_at": 1_795_611_120_000_000_i64, "dropped_exposures": 1, "dropped_tracks": 2, "dropped_evaluations": 3});
        assert_eq!(stored(home, sql, &texts, &numbers), [instance]);
        let exposures = stored(home, "SELECT run, flag, arm, variant, unit, trusted FROM exposure", &["run", "flag", "arm", "variant", "unit"], &["trusted"]);
        let unit = exposures[0]["unit"].as_str().unwrap();
        assert!(unit.len() == 32 && !unit.contains("user"), "{unit}");
        assert_eq!(exposures, [json!({"run": "r-1", "flag": FLAG, "arm": "candidate", "variant": "on", "unit": unit, "trusted": 1})]);
        let units = stored(home, "SELECT run, units FROM exposure_total", &["run"], &["units"]);
        assert_eq!(units, [json!({"run": "r-1", "units": 1})]);
        let tracks = stored(home, "SELECT metric, span, trusted, count, CAST(sum * 10 AS BIGINT) AS tenths, CAST(sum_squares * 100 AS BIGINT) AS hundredths \
            FROM track ORDER BY span", &["metric"], &["span", "trusted", "count", "tenths", "hundredths"]);
        let track = |span: i64| json!({"metric": "checkout_error", "span": span, "trusted": 1, "count": 1, "tenths": 25, "hundredths": 625});
        assert_eq!(tracks, [track(60), track(3_600)]);
    }

    fn a_batch_that_is_sent_again_counts_once(server: Server) {
        let first = batch(1, 1, &[summary(FLAG, "on", 5), exposure(FLAG, "r", "a", "u")].join(","));
        taken(&server.tell(&first), 2);
        for _ in 0..2 {
            let again = server.tell(&first);
            assert_eq!(again.json(), json!({"accepted": 0, "refused": [], "repeated": true}), "{again}");
        }
        taken(&server.tell(&batch(1, 2, &summary(FLAG, "on", 7))), 1);
        assert_eq!(server.tell(&first).at("/repeated"), true, "the number before the last is known too");
        // The same number of another session is another batch.
        taken(&server.tell(&batch(2, 1, &summary(FLAG, "on", 11))), 1);
        assert_eq!(counted(&server.home, FLAG), 5 + 7 + 11);
        let units = stored(&server.home, "SELECT run, units FROM exposure_total", &["run"], &["units"]);
        assert_eq!(units, [json!({"run": "r", "units": 1})]);
    }

    fn numbers_may_be_left_out_and_come_late_but_not_too_late(server: Server) {
        for (sequence, is_new) in [(10, true), (8, true), (8, false), (70, true), (9, true), (10, false), (8, false), (7, false), (71, true), (9, false)] {
            let answer = server.tell(&batch(1, sequence, &summary(FLAG, "on", 1)));
            assert_eq!(answer.at("/repeated") != true, is_new, "{sequence}: {answer}");
        }
        let last = (1_i64 << 53) - 1;
        for (sequence, is_new) in [(last, true), (last, false), (72, false), (1, false)] {
            let answer = server.tell(&batch(1, sequence, &summary(FLAG, "on", 1)));
            assert_eq!(answer.at("/repeated") != true, is_new, "{sequence}: {answer}");
        }
    }

    fn a_unit_is_exposed_once_in_a_run_whoever_tells_of_it(server: Server) {
        let events = [exposure(FLAG, "r", "a", "u-1"), exposure(FLAG, "r", "b", "u-1"), exposure(FLAG, "r", "b", "u-2"), exposure(FLAG, "s", "a", "u-1")];
        taken(&server.tell(&batch(1, 1, &events.join(","))), 4);
        taken(&server.tell(&batch(2, 1, &events.join(","))), 4);
        let units = stored(&server.home, "SELECT run, arm, units FROM exposure_total ORDER BY run, arm", &["run", "arm"], &["units"]);
        let total = |run: &str, arm: &str| json!({"run": run, "arm": arm, "units": 1});
        assert_eq!(units, [total("r", "a"), total("r", "b"), total("s", "a")]);
        // The same unit has the same hash in both runs, so that what is tracked of it can be told for each.
        let hashes = stored(&server.home, "SELECT DISTINCT unit, CAST(1 AS BIGINT) AS one FROM exposure", &["unit"], &["one"]);
        assert_eq!(hashes.len(), 2, "{hashes:?}");
    }

    fn evaluations_belong_to_the_minute_that_the_sdk_names_as_far_as_it_can_be_believed(server: Server) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let second = i64::try_from(now).unwrap();
        let tell = |sequence: i64, flag: &str, at: i64| {
            let to = jiff::Timestamp::from_second(at).unwrap();
            let event = format!(r#"{{"kind": "summary", "to": "{to}", "evaluations": [{{"flag": "{FLAG}", "variant": "{flag}", "reason": "SPLIT", "count": 1}}]}}"#);
            taken(&server.tell(&batch(1, sequence, &event)), 1);
        };
        tell(1, "hour", second - 3_600);
        tell(2, "year", second - 365 * 86_400);
        tell(3, "later", second + 60);
        tell(4, "never", second + 365 * 86_400);
        let rows = stored(&server.home, "SELECT variant, at FROM evaluation WHERE span = 60", &["variant"], &["at"]);
        for row in rows {
            let (name, at) = (row["variant"].as_str().unwrap(), row["at"].as_i64().unwrap() / 1_000_000);
            let wanted = if name == "hour" { second - 3_600 } else { second };
            assert_eq!(at % 60, 0, "{row}");
            assert!((wanted - 60..=wanted + 60).contains(&at), "{row} around {wanted}");
        }
    }
}
