//! What each kind of stream sends, asked without a connection, at moments of the test's choosing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pennon_engine::{Change, Context, Flag, Meta, Reading, Snapshot};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::feed::{Event, Feed, Moment, Pieces};
use super::hub::{Hub, Limits};
use super::kind::StreamKind;
use super::position::Position;
use super::refetch::RefetchFeed;
use super::results::ResultsFeed;
use super::rules::RulesFeed;
use crate::domain::images::Head;
use crate::snapshot::entry::Audience;
use crate::snapshot::image::Image;
use crate::snapshot::trail::{Kind, Step, Trail};

const DATED: &str = r#"{"key":"dated","type":"boolean","variants":{"on":true,"off":false},"enabled":true,"clientVisible":true,"fallthrough":{"variant":"off"},"rules":[{"id":"r","when":{"attribute":"$now","op":"after","values":["1970-01-01T00:00:10Z"]},"serve":{"variant":"on"}}]}"#;

fn flag(key: &str, served: &str, is_visible: bool) -> String {
    format!(
        r#"{{"key":"{key}","type":"string","variants":{{"a":"x","b":"y"}},"enabled":true,"clientVisible":{is_visible},"fallthrough":{{"variant":"{served}"}}}}"#
    )
}

fn head(epoch: i64, revision: i64) -> Head {
    Head { epoch, revision, change: format!("c{revision}") }
}

fn image(epoch: i64, revision: i64, flags: &[(&str, &str)]) -> Image {
    let meta = Meta { epoch, project: "p".into(), environment: "e".into(), revision };
    let parsed = flags.iter().map(|(key, text)| Arc::new(Flag::parse(key, text, Reading::Lenient))).collect();
    let snapshot = Snapshot::build(meta, parsed, Vec::new(), Vec::new());
    Image::new(head(epoch, revision), snapshot).with_past(Trail::default(), 0)
}

/// The next image, by one revision that puts in or takes out one flag.
fn then(image: &Image, key: &str, text: Option<&str>) -> Image {
    let revision = image.head.revision + 1;
    let flag = text.map(|text| Arc::new(Flag::parse(key, text, Reading::Lenient)));
    let change = Change { flags: vec![(key.to_owned(), flag)], ..Change::default() };
    let step = Step { revision, touched: vec![(Kind::Flag, key.into())] };
    image.next(head(image.head.epoch, revision), change, vec![step], revision * 1_000_000)
}

/// Asks a feed at a moment; what it sent as text.
fn at(
    feed: &mut impl Feed,
    image: &Image,
    border: i64,
    now_ms: i64,
    now: Instant,
) -> Option<(Event, String)> {
    let mut out = Pieces::new();
    let event = feed.advance(&Moment { image, border, now_ms, now }, &mut out);
    let text: Vec<u8> = out.iter().flat_map(|piece| piece.iter().copied()).collect();
    assert_eq!(event.is_none(), text.is_empty());
    event.map(|event| (event, String::from_utf8(text).unwrap()))
}

fn asked(feed: &mut impl Feed, image: &Image) -> Option<(Event, String)> {
    at(feed, image, 0, 0, Instant::now())
}

/// The data of a text that is one event.
fn data(text: &str) -> Value {
    assert!(text.ends_with("\n\n") && text.matches("\n\n").count() == 1, "{text:?}");
    serde_json::from_str(text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()).unwrap()
}

fn position(text: &str) -> Position {
    text.parse().unwrap()
}

#[test]
fn a_server_sdk_is_sent_everything_once_and_then_what_changed() {
    let first = image(1, 5, &[("f", &flag("f", "a", true)), ("g", &flag("g", "a", true))]);
    let mut feed = RulesFeed::resume(None);
    let (event, text) = asked(&mut feed, &first).unwrap();
    assert_eq!((event, text.starts_with("id: 1-5\nevent: put\ndata: {")), (Event::Put, true));
    assert_eq!(data(&text), serde_json::from_slice::<Value>(first.json()).unwrap());
    assert!(asked(&mut feed, &first).is_none());
    let second = then(&first, "f", Some(&flag("f", "b", true)));
    let third = then(&second, "g", None);
    let (event, text) = asked(&mut feed, &third).unwrap();
    assert_eq!((event, text.starts_with("id: 1-7\n")), (Event::Patch, true));
    let wanted: Value = serde_json::from_str(&flag("f", "b", true)).unwrap();
    assert_eq!(
        data(&text),
        json!({"epoch": 1, "from": 5, "revision": 7, "flags": {"f": wanted, "g": null}, "segments": {}, "layers": {}})
    );
    assert!(asked(&mut feed, &third).is_none());
}

#[test]
fn a_server_sdk_goes_on_where_it_was_if_that_is_known_here() {
    let first = image(7, 5, &[("f", &flag("f", "a", true))]);
    let third = then(&then(&first, "f", Some(&flag("f", "b", true))), "f", Some(&flag("f", "a", true)));
    let kind = |last: &str| {
        asked(&mut RulesFeed::resume(Some(position(last))), &third)
            .map(|(event, text)| (event, data(&text)["from"].clone()))
    };
    assert_eq!(kind("7-7"), None, "it has it");
    assert_eq!(kind("7-6"), Some((Event::Patch, json!(6))));
    assert_eq!(kind("7-5"), Some((Event::Patch, json!(5))));
    assert_eq!(kind("7-4"), Some((Event::Put, Value::Null)), "too long ago");
    assert_eq!(kind("6-7"), Some((Event::Put, Value::Null)), "another epoch");
    assert_eq!(kind("6-9"), Some((Event::Put, Value::Null)), "another epoch");
    assert_eq!(kind("7-8"), None, "this node is behind");
    assert_eq!(kind("8-1"), None, "this node is behind");
    let mut ahead = RulesFeed::resume(Some(position("7-8")));
    assert!(asked(&mut ahead, &third).is_none());
    let fourth = then(&third, "f", None);
    assert!(asked(&mut ahead, &fourth).is_none(), "it has caught up, and there is nothing new");
    let fifth = then(&fourth, "f", Some(&flag("f", "a", true)));
    assert_eq!(data(&asked(&mut ahead, &fifth).unwrap().1)["from"], 8);
    let anew = image(9, 3, &[]);
    assert_eq!(asked(&mut ahead, &anew).unwrap().0, Event::Put, "another epoch always comes whole");
}

#[test]
fn patches_are_made_once_for_all_who_come_from_the_same_place() {
    let first = image(1, 5, &[("f", &flag("f", "a", true))]);
    let second = then(&first, "f", Some(&flag("f", "b", true)));
    let third = then(&second, "f", None);
    for from in [5, 6] {
        let (one, other) = (third.patch(from).unwrap(), third.patch(from).unwrap());
        assert_eq!(one.as_ptr(), other.as_ptr(), "from {from}");
    }
    assert!(third.patch(4).is_none());
    assert_eq!(third.put()[1].as_ptr(), third.json().as_ptr(), "the document is not copied");
}

#[test]
fn an_event_is_one_event_whatever_stands_in_the_database() {
    let odd = "{\"key\":\"f\",\r\n \"type\":\"boolean\",\n\n\"variants\":{\"on\":true},\"enabled\":true,\"clientVisible\":true,\"fallthrough\":{\"variant\":\"on\"}}";
    let first = image(1, 1, &[]);
    let second = then(&first, "f", Some(odd));
    let (_, text) = asked(&mut RulesFeed::resume(Some(position("1-1"))), &second).unwrap();
    assert_eq!(data(&text)["flags"]["f"]["key"], "f");
    let (_, text) = asked(&mut RulesFeed::resume(None), &second).unwrap();
    assert_eq!(data(&text)["flags"]["f"]["key"], "f");
    let torn = then(&second, "f", Some("{\"key\":\"f\","));
    let (_, text) = asked(&mut RulesFeed::resume(Some(position("1-2"))), &torn).unwrap();
    assert_eq!(data(&text)["flags"]["f"], json!({}), "broken, and neither gone nor breaking the rest");
}

fn results(audience: Audience) -> ResultsFeed {
    ResultsFeed::new(Context::empty().with_targeting_key("u"), audience, 7)
}

#[test]
fn a_client_is_sent_results_and_only_those_that_changed() {
    let first = image(
        1,
        5,
        &[("f", &flag("f", "a", true)), ("g", &flag("g", "a", true)), ("h", &flag("h", "a", false))],
    );
    let mut feed = results(Audience::Client);
    let (event, text) = asked(&mut feed, &first).unwrap();
    let entry = |key: &str, value: &str, variant: &str| json!({"key": key, "value": value, "variant": variant, "reason": "STATIC", "metadata": {}});
    assert_eq!(event, Event::Put);
    assert_eq!(
        data(&text),
        json!({"epoch": 1, "revision": 5, "flags": {"f": entry("f", "x", "a"), "g": entry("g", "x", "a")}})
    );
    assert!(asked(&mut feed, &first).is_none());

    let second = then(&first, "f", Some(&flag("f", "b", true)));
    let (event, text) = asked(&mut feed, &second).unwrap();
    assert_eq!(event, Event::Patch);
    assert_eq!(
        data(&text),
        json!({"epoch": 1, "from": 5, "revision": 6, "flags": {"f": entry("f", "y", "b")}})
    );

    // A rule that is not for this context, and a flag that is not for clients: the revision travels, and nothing else.
    let hidden = then(&second, "h", Some(&flag("h", "b", false)));
    let (_, text) = asked(&mut feed, &hidden).unwrap();
    assert_eq!(data(&text), json!({"epoch": 1, "from": 6, "revision": 7, "flags": {}}));

    let shown = then(&hidden, "h", Some(&flag("h", "b", true)));
    assert_eq!(data(&asked(&mut feed, &shown).unwrap().1)["flags"], json!({"h": entry("h", "y", "b")}));
    let gone = then(&then(&shown, "h", Some(&flag("h", "b", false))), "f", None);
    assert_eq!(data(&asked(&mut feed, &gone).unwrap().1)["flags"], json!({"f": null, "h": null}));
    let new = then(&gone, "a", Some(&flag("a", "a", true)));
    assert_eq!(data(&asked(&mut feed, &new).unwrap().1)["flags"], json!({"a": entry("a", "x", "a")}));
    assert_eq!(asked(&mut feed, &image(2, 1, &[])).unwrap().0, Event::Put, "another epoch");
}

#[test]
fn a_server_key_sees_every_flag_and_why() {
    let first = image(1, 5, &[("dated", DATED), ("h", &flag("h", "a", false))]);
    let (_, text) = at(&mut results(Audience::Server), &first, 0, 20_000, Instant::now()).unwrap();
    let flags = &data(&text)["flags"];
    assert_eq!(flags["h"]["value"], "x");
    assert_eq!(flags["dated"]["metadata"], json!({"ruleId": "r"}));
}

#[test]
fn a_client_is_told_when_time_passes_a_border_that_matters_to_it() {
    let now = Instant::now();
    let first = image(1, 5, &[("dated", DATED)]);
    let mut feed = results(Audience::Client);
    let (_, text) = at(&mut feed, &first, 0, 9_000, now).unwrap();
    assert_eq!(data(&text)["flags"]["dated"]["value"], false);
    assert!(at(&mut feed, &first, 0, 10_001, now).is_none(), "nobody has said that a border was passed");
    let (event, text) = at(&mut feed, &first, 10_001, 10_001, now).unwrap();
    assert_eq!(event, Event::Patch);
    let sent = data(&text);
    assert_eq!(
        (&sent["from"], &sent["revision"], &sent["flags"]["dated"]["value"]),
        (&json!(5), &json!(5), &json!(true))
    );
    assert!(at(&mut feed, &first, 10_002, 10_002, now).is_none(), "a border of somebody else's");
}

fn hub(refetch_rate: u32) -> Arc<Hub> {
    let second = Duration::from_secs(1);
    let limits = Limits {
        streams: 10_000,
        opens_per_second: 10_000,
        per_address: 10_000,
        heartbeat: second,
        max_age: second,
        retry: second,
        refetch_rate,
    };
    Arc::new(Hub::new(limits, CancellationToken::new()))
}

#[test]
fn a_web_client_is_told_where_the_stream_stands_and_then_of_each_change() {
    let (hub, now) = (hub(1_000), Instant::now());
    let place = hub.admit(StreamKind::Ofrep, None, 0).unwrap();
    let first = image(1, 5, &[("f", &flag("f", "a", true))]);
    let mut feed = RefetchFeed::resume(&place, None);
    let (event, text) = at(&mut feed, &first, 0, 0, now).unwrap();
    assert_eq!((event, text.starts_with("id: 1-5\nevent: message\n")), (Event::Message, true));
    assert_eq!(data(&text)["type"], "refetchEvaluation");
    assert_eq!(data(&text)["etag"], "1-5");
    assert!(at(&mut feed, &first, 0, 0, now).is_none());
    let second = then(&first, "f", None);
    let (_, text) = at(&mut feed, &second, 0, 0, now).unwrap();
    assert_eq!(data(&text)["lastModified"], "1970-01-01T00:00:06.000Z");
    assert!(at(&mut feed, &second, 0, 0, now).is_none());
    let (_, text) = at(&mut feed, &second, 20_000, 20_000, now).unwrap();
    assert_eq!(
        data(&text),
        json!({"type": "refetchEvaluation", "etag": "1-6", "lastModified": "1970-01-01T00:00:20.000Z"})
    );
    assert!(at(&mut feed, &second, 20_000, 20_000, now).is_none());
}

#[test]
fn a_web_client_that_comes_back_is_told_of_what_it_missed_and_nothing_else() {
    let (hub, now) = (hub(1_000), Instant::now());
    let place = hub.admit(StreamKind::Ofrep, None, 0).unwrap();
    let plain = image(2, 5, &[("f", &flag("f", "a", true))]);
    let tells = |image: &Image, last: &str| {
        at(&mut RefetchFeed::resume(&place, Some(position(last))), image, 0, 20_000, now).is_some()
    };
    assert!(tells(&plain, "2-4") && tells(&plain, "1-5") && tells(&plain, "1-9"));
    assert!(!tells(&plain, "2-5"), "it has seen it");
    assert!(!tells(&plain, "2-6"), "this node is behind");
    // A border lies behind: it may have been passed while nobody listened, and the id does not tell.
    let dated = image(2, 5, &[("dated", DATED)]);
    assert!(tells(&dated, "2-5"));
    let mut early = RefetchFeed::resume(&place, Some(position("2-5")));
    assert!(at(&mut early, &dated, 0, 9_000, now).is_none(), "the border lies ahead");
    assert!(at(&mut early, &dated, 10_001, 10_001, now).is_some(), "now it does not");
    let mut ahead = RefetchFeed::resume(&place, Some(position("2-6")));
    assert!(at(&mut ahead, &plain, 0, 0, now).is_none());
    let sixth = then(&plain, "f", None);
    assert!(at(&mut ahead, &sixth, 0, 0, now).is_none(), "it has caught up");
    assert!(at(&mut ahead, &then(&sixth, "g", None), 0, 0, now).is_some());
}

#[test]
fn when_many_listen_each_asks_again_at_a_moment_of_its_own() {
    let (hub, now) = (hub(10), Instant::now());
    let places: Vec<_> = (0..100).map(|_| hub.admit(StreamKind::Ofrep, None, 0).unwrap()).collect();
    let first = image(1, 5, &[("f", &flag("f", "a", true))]);
    let mut feeds: Vec<_> = places.iter().map(|place| RefetchFeed::resume(place, None)).collect();
    for feed in &mut feeds {
        assert!(at(feed, &first, 0, 0, now).is_some(), "who comes is told at once");
    }
    // 100 listeners, 10 a second: within 10 seconds.
    let second = then(&first, "f", None);
    let told = feeds.iter_mut().filter_map(|feed| at(feed, &second, 0, 0, now)).count();
    assert!(told < 20, "{told} of 100 at once");
    let dues: Vec<Instant> = feeds.iter().filter_map(Feed::due).collect();
    assert!(dues.iter().all(|due| *due <= now + Duration::from_secs(10)));
    // Another change meanwhile makes it neither later nor more.
    let third = then(&second, "g", None);
    for feed in &mut feeds {
        let due = feed.due();
        assert!(at(feed, &third, 0, 0, now).is_none() || due.is_none_or(|due| due <= now));
        assert_eq!(feed.due(), due);
    }
    let later = now + Duration::from_secs(10);
    let told = feeds.iter_mut().filter_map(|feed| at(feed, &third, 0, 0, later)).count();
    assert_eq!(told + (100 - dues.len()), 100);
    assert!(feeds.iter_mut().all(|feed| at(feed, &third, 0, 0, later).is_none()), "once each");
}
