"""What the dialect of patterns takes, refuses and means, beyond the vectors."""

from __future__ import annotations

from random import Random

import pytest

from pennon._engine import limits
from pennon._engine.pattern import Pattern
from pennon._engine.reading import Malformed


def matches(pattern: str, text: str, ignore_case: bool = False) -> bool:
    return Pattern(pattern, ignore_case).is_match(text)


@pytest.mark.parametrize("pattern", ["(" * 499 + ")" * 499, "a" * 1_000, "é" * 1_000, r"\p{L}{1000}", "(?i:a)" * 166])
def test_a_long_or_deep_pattern_is_taken(pattern: str) -> None:
    Pattern(pattern)


GROUPS = "( ) a) (a (?i)* (?) (?-) (?i (?i- (?x)a (?<n>a) (?P<1>a) (?P<>a) (?P=n) (?P<a>b)(?P<a>c) (?=a) (?!a) (?#c)"
ESCAPES = r"\1 \v \a \x41 \0 \Z \Q \C \pL \p{greek} \p{^L} \p{Any} \p{ \é"
CLASSES = r"[ [] [^] ] [z-a] [a-\d] [\d-z] [[a]] [[:alpha:]] [a&&b] [a--b] [a~~b] [\b] [\A] [a"
COUNTS = "a** a*+ a??? *a |* { } a{ a{2 a{,2} a{2,1} a{1001} a{01} a{2}{2} (a{10}){101} ((a{10}){10}){11} (a{2,}){501}"
LONG = ["a" * (limits.PATTERN_LENGTH + 1), "a{" + "9" * 900 + "}", "\\", r"\ "]


@pytest.mark.parametrize("pattern", [*f"{GROUPS} {ESCAPES} {CLASSES} {COUNTS}".split(), *LONG])
def test_what_is_outside_the_dialect_is_refused(pattern: str) -> None:
    with pytest.raises(Malformed):
        Pattern(pattern)


@pytest.mark.parametrize("letter", ["\u212a", "\u017f"])
def test_word_characters_never_fold(letter: str) -> None:
    for pattern in (r"(?i)\W", r"(?i)[\W.]", r"(?i)[^\w]", r"(?i)[\wks]", "(?i)[ks]", r"(?i)[^\wx]", r"(?i)[^\dx]"):
        assert matches(pattern, letter), pattern
    for pattern in (r"(?i)\w", r"(?i)[\w.]", r"(?i)[^\W]", r"(?i)[^\wks]", r"(?i)[^\W.]", r"(?i)[^\w\W]"):
        assert not matches(pattern, letter), pattern
    assert matches(r"(?i)^[\wé]+$", "AÉ")
    assert not matches(r"(?i)[^\Wk]", "K")
    assert matches(r"(?i)[^\Wk]", "j")


def test_a_place_that_is_no_word_boundary_is_never_inside_a_letter() -> None:
    assert not matches(r"\B", "aéa")
    assert not matches(r"a\B.\Ba|^\B|\B$", "aéa")
    assert not matches(r"\B", "a日a")
    assert matches(r"\B", "éé")
    assert matches(r"^\Bé\B$", "é")
    assert matches(r"b\B", "abc")
    assert matches(r"\B", "")
    assert not matches(r"\B", "a")


def test_a_text_that_is_no_valid_unicode_never_matches() -> None:
    assert not matches("a", "a\ud800")
    assert not matches("", "\udfff")


def test_everything_that_the_grammar_takes_is_taken_by_re2() -> None:
    random = Random(1)
    for _ in range(3_000):
        pattern = _alternatives(random, 0)
        if len(pattern) <= limits.PATTERN_LENGTH:
            Pattern(pattern, random.random() < 0.3).is_match("aKé\nkſ")


def _alternatives(random: Random, depth: int) -> str:
    def one() -> str:
        return "".join(_item(random, depth) for _ in range(random.randint(0, 3)))

    return "|".join(one() for _ in range(random.randint(1, 2)))


LETTERS: list[str] = [*"abkKsSé日σςß_&~0", "\u212a", r"\-", ".", "^", "$", r"\b", r"\B", r"\A", r"\z", r"\W", r"\s"]
MEMBERS: list[str] = [*"aks0é", "a-f", "à-ü", r"\[-\]", r"\w", r"\W", r"\D", r"\S", r"\p{Lu}", r"\P{Greek}", r"\n"]
FLAGS = ["(?i)", "(?m)", "(?s-i)", "(?ims)"]
REPETITIONS = ["", "", "", "*", "+", "?", "{2}", "{0,3}", "{1,}", "{0}", "*?"]


def _item(random: Random, depth: int) -> str:
    kind = random.random()
    if kind < 0.05:
        return random.choice(FLAGS)
    if kind < 0.5 or depth > 3:
        item = random.choice(LETTERS)
    elif kind < 0.7:
        item = f"[{random.choice(['', '^'])}{''.join(random.choices(MEMBERS, k=random.randint(1, 4)))}]"
    else:
        opening = random.choice(["(", "(?:", "(?i:", "(?m-s:", f"(?P<n{random.getrandbits(40)}>"])
        item = f"{opening}{_alternatives(random, depth + 1)})"
    return item + random.choice(REPETITIONS)
