//! What the dialect takes, refuses and means.

use super::*;

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern, false, 1 << 24).unwrap_or_else(|error| panic!("{pattern}: {error}")).is_match(text)
}

#[test]
fn the_dialect_is_taken() {
    for pattern in [
        "",
        "a",
        "é",
        "a|b|",
        "()",
        "(?:a)",
        "(?P<n>a)(?P<_2>b)",
        "(?i)a",
        "(?i-s:a)",
        "(?ms)a",
        "(?-i)a",
        r"\.\*\[\]",
        r"\n\r\t\f",
        ".",
        "[a-z]",
        "[^a-z]",
        r"[\d\-\]]",
        "[-a]",
        "[a-]",
        "[a^$.|?*+(){}]",
        r"\d\D\w\W\s\S\b\B",
        r"\A\z^$",
        r"\p{L}\P{Lu}\p{Greek}",
        r"[\p{L}\d]",
        "a*b+c?d{2}e{2,}f{2,3}",
        "a*?b+?c??d{2}?",
        "(a{10}){100}",
        "(a+)+",
        "a{0}",
        "a{1000}",
        r"\_\@\/",
        "(?i)a(?-i)b",
        "a&b~c-d",
        "[&~]",
        "((a{2}){0}){500}",
        r"\p{Cs}\P{Cs}\p{C}",
    ] {
        assert!(Pattern::new(pattern, false, 1 << 26).is_ok(), "{pattern}");
        assert!(Pattern::new(pattern, true, 1 << 26).is_ok(), "{pattern}");
    }
}

#[test]
fn what_is_outside_the_dialect_is_refused() {
    for pattern in [
        "(",
        ")",
        "a)",
        "(a",
        "[",
        "[]",
        "[^]",
        "]",
        "}",
        "{",
        "a{",
        "a{,2}",
        "a{2",
        "a{2,1}",
        "a{1001}",
        "a{01}",
        "*a",
        "a**",
        "a*+",
        "a+*",
        "a???",
        "a{2}{2}",
        "(?i)*",
        "|*",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<n>a)",
        "(?P=n)",
        "(?P<>a)",
        "(?P<1>a)",
        "(?P<a>b)(?P<a>c)",
        "(?x)a",
        "(?u)a",
        "(?U)a",
        "(?)",
        "(?-)",
        "(?i-)",
        "(?i",
        "(?#c)",
        r"\1",
        r"\v",
        r"\a",
        r"\x41",
        r"\u0041",
        r"\0",
        r"\Z",
        r"\Q",
        r"\E",
        r"\G",
        r"\C",
        r"\pL",
        r"\p{Nope}",
        r"\p{greek}",
        r"\p{^L}",
        r"\p{",
        r"\ ",
        r"\é",
        "\\",
        "[z-a]",
        r"[a-\d]",
        r"[\d-z]",
        "[[a]]",
        "[[:alpha:]]",
        "[a&&b]",
        "[a--b]",
        "[a~~b]",
        r"[\b]",
        r"[\A]",
        "[a",
        "(a{10}){101}",
        "((a{10}){10}){11}",
        "(a{2,}){501}",
        "a(?i",
    ] {
        assert!(Pattern::new(pattern, false, 1 << 26).is_err(), "{pattern}");
    }
}

#[test]
fn classes_are_ascii() {
    assert!(matches(r"^\d$", "7") && !matches(r"\d", "٧"));
    assert!(matches(r"^\w+$", "a_Z9") && !matches(r"\w", "é"));
    assert!(matches(r"^\s+$", "\t\n\u{c}\r ") && !matches(r"\s", "\u{b}\u{a0}\u{2003}"));
    assert!(matches(r"^\D\W\S$", "ééé"));
    assert!(matches(r"\bé", "aé") && !matches(r"\bé", "é"));
    assert!(matches(r"^\Bé", "é") && matches(r"\B", "é") && !matches(r"\B", "a"));
    // Inside the two bytes of é there is no place, so there is none without a boundary here.
    assert!(!matches(r"a\B.\Ba|^\B|\B$", "aéa"));
}

#[test]
fn word_characters_never_fold() {
    for kelvin_or_long_s in ["\u{212a}", "\u{17f}"] {
        assert!(!matches(r"(?i)\w", kelvin_or_long_s));
        assert!(matches(r"(?i)\W", kelvin_or_long_s));
        assert!(!matches(r"(?i)[\w.]", kelvin_or_long_s));
        assert!(matches(r"(?i)[\W.]", kelvin_or_long_s));
        assert!(matches(r"(?i)[^\w]", kelvin_or_long_s));
        assert!(!matches(r"(?i)[^\W]", kelvin_or_long_s));
        assert!(matches(r"(?i)[\wks]", kelvin_or_long_s));
        assert!(!matches(r"(?i)[^\wks]", kelvin_or_long_s));
        assert!(matches(r"(?i)[ks]", kelvin_or_long_s));
    }
    assert!(matches(r"(?i)^[\wé]+$", "AÉ") && !matches(r"(?i)[\wé]", "à"));
    assert!(!matches(r"(?i)[^\w\W]", "a"));
    assert!(!matches(r"(?i)[\W]", "k") && !matches(r"(?i)\W", "K"));
}

#[test]
fn folding_is_unicode_s() {
    assert!(Pattern::new("σ", true, 1 << 20).unwrap().is_match("ς"));
    assert!(matches("(?i)straSSe", "STRAsse") && !matches("(?i)strasse", "straße"));
    assert!(matches(r"(?i)^\p{Lu}$", "a") && !matches(r"(?i)\P{Lu}", "a"));
    assert!(matches("(?i)[^a]", "b") && !matches("(?i)[^a]", "A"));
    assert!(matches("(?i:a)b", "Ab") && !matches("(?i:a)b", "AB"));
    assert!(matches("(?i)a(?-i)b", "Ab") && !matches("(?i)a(?-i)b", "AB"));
    assert!(matches("(a(?i)b|c)d", "Cd") && !matches("(a(?i)b|c)d", "CD"));
}

#[test]
fn anchors_and_dots_are_re2_s() {
    assert!(!matches("a$", "a\n") && matches("(?m)a$", "a\nb") && matches(r"a\z", "a"));
    assert!(!matches("^b", "a\nb") && matches("(?m)^b", "a\nb") && !matches(r"(?m)\Ab", "a\nb"));
    assert!(!matches("(?m)a$", "a\r\n"));
    assert!(!matches("a.b", "a\nb") && matches("(?s)a.b", "a\nb") && matches("a.b", "a\rb"));
    assert!(matches("[^a]", "\n"));
}

#[test]
fn lengths_and_sizes_are_limited() {
    let long = "é".repeat(limits::PATTERN_LENGTH);
    assert!(Pattern::new(&long, false, limits::PATTERN_SIZE_WRITTEN).is_ok());
    let error = Pattern::new(&(long + "a"), false, limits::PATTERN_SIZE_WRITTEN).unwrap_err();
    assert_eq!(error, PatternError::TooLong { length: limits::PATTERN_LENGTH + 1 });
    let big = r"\p{L}{1000}";
    assert!(matches!(
        Pattern::new(big, false, limits::PATTERN_SIZE_WRITTEN),
        Err(PatternError::TooBig { .. })
    ));
    assert!(Pattern::new(big, false, limits::PATTERN_SIZE_READ).is_ok());
    let nested = format!("{}{}", "(".repeat(499), ")".repeat(499));
    assert!(Pattern::new(&nested, false, limits::PATTERN_SIZE_WRITTEN).is_ok());
}
