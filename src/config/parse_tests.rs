//! Tests of the parsers: what is taken, what is refused, and that a refusal says what is allowed.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn durations_need_a_unit_and_keep_their_bounds() {
    let parse = |text| duration(text, Duration::from_millis(50), 120 * SECOND);
    assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(parse("50ms"), Ok(Duration::from_millis(50)));
    assert_eq!(parse("2m"), Ok(120 * SECOND));
    assert_eq!(parse("1 s"), Ok(SECOND));
    for (text, wrong) in [("1", "lacks a unit"), ("49ms", "out of range"), ("121s", "out of range")] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(wrong) && error.contains("from 50ms to 2m"), "{error}");
    }
    for text in ["", "s", "-1s", "1.5s", "1d", "99999999999999999999s", "18446744073709551615h"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn sizes_are_bytes_or_have_a_unit() {
    let parse = |text| size(text, 1_024, 1 << 30);
    assert_eq!(parse("10MiB"), Ok(10 << 20));
    assert_eq!(parse("256 KiB"), Ok(256 << 10));
    assert_eq!(parse("2048"), Ok(2_048));
    assert_eq!(parse("10_000"), Ok(10_000));
    assert_eq!(parse("2kB"), Ok(2_000));
    assert_eq!(parse("1GiB"), Ok(1 << 30));
    for text in ["", "MiB", "-1", "1023", "2GiB", "10Mb", "1.5MiB"] {
        assert!(parse(text).unwrap_err().contains("from 1KiB to 1GiB"), "{text}");
    }
}

#[test]
fn what_is_shown_parses_to_itself() {
    for text in ["0s", "50ms", "1s", "90s", "2m", "1h"] {
        let value = duration(text, Duration::ZERO, 3_600 * SECOND).unwrap();
        assert_eq!(show_duration(value), text);
    }
    for text in ["10MiB", "256KiB", "1GiB", "1000B"] {
        assert_eq!(show_size(size(text, 0, usize::MAX).unwrap()), text);
    }
}

#[test]
fn a_base_path_gets_its_slash_and_loses_the_last() {
    for (text, path) in [("", ""), ("/", ""), ("x", "/x"), ("/x/", "/x"), ("/a/b-c", "/a/b-c")] {
        assert_eq!(base_path(text).as_deref(), Ok(path));
    }
    for text in ["/a//b", "/a b", "/a?b", "/é", "/..", "/a/./b", "http://x"] {
        assert!(base_path(text).is_err(), "{text}");
    }
}

#[test]
fn addresses_are_numbers_or_localhost() {
    assert_eq!(address("localhost:0").unwrap().to_string(), "127.0.0.1:0");
    assert_eq!(address("[::]:80").unwrap().to_string(), "[::]:80");
    for text in ["8080", ":8080", "example.com:80", "127.0.0.1"] {
        assert!(address(text).unwrap_err().contains("IP:PORT"), "{text}");
    }
}

#[test]
fn a_misspelt_level_is_refused() {
    for text in ["info", "DEBUG", "info,pennon=debug", "warn,sqlx::query=off"] {
        assert!(log_level(text).is_ok(), "{text}");
    }
    for text in ["", "inof", "info,sqlx", "pennon=loud"] {
        assert!(log_level(text).is_err(), "{text}");
    }
}

#[test]
fn database_urls_are_postgres_or_a_file() {
    for text in ["postgres://u:p@h/d", "postgresql:///d?host=/run", "sqlite:a.db", "sqlite:///a.db"] {
        assert!(database_url(text).is_ok(), "{text}");
    }
    for text in ["mysql://u:hunter2@h/d", "hunter2", "sqlite:", "sqlite::memory:", "sqlite://a.db?mode=rwc"] {
        let error = database_url(text).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn origins_have_no_path() {
    assert_eq!(origins("*").unwrap(), ["*"]);
    assert!(origins("none").unwrap().is_empty());
    assert_eq!(
        origins("https://A.example, http://localhost:3000").unwrap(),
        ["https://a.example", "http://localhost:3000"]
    );
    for text in ["https://a.example/", "a.example", "*,https://a.example", "https://", "null"] {
        assert!(origins(text).is_err(), "{text}");
    }
}

#[test]
fn public_urls_are_http_and_lose_the_last_slash() {
    assert_eq!(public_url("https://x.example/flags/").as_deref(), Ok("https://x.example/flags"));
    for text in ["x.example", "ftp://x", "https://", "https://x?y", "https://u:p@x"] {
        assert!(public_url(text).is_err(), "{text}");
    }
}

#[test]
fn numbers_and_booleans_say_what_is_allowed() {
    assert_eq!(number("6_000", 1, 10_000), Ok(6_000));
    for text in ["0", "10001", "-1", "1.0", ""] {
        assert!(number(text, 1, 10_000).unwrap_err().contains("from 1 to 10000"), "{text}");
    }
    assert_eq!((boolean("Yes"), boolean("0")), (Ok(true), Ok(false)));
    assert!(boolean("maybe").is_err());
}

#[test]
fn networks_are_lists_of_networks_or_addresses() {
    let read = |text| networks(text).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(read("10.0.0.0/8, 192.0.2.7,2001:db8::/32"), ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"]);
    assert!(read("none").is_empty() && read("").is_empty());
    assert!(networks("10.0.0.0/8,proxy").unwrap_err().contains("proxy"));
}
