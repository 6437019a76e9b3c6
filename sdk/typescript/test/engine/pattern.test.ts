/** The dialect of regular expressions: what it takes, refuses and means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern } from "../../src/engine/pattern/pattern.js";

const found = (pattern: string, text: string, ignoreCase = false): boolean =>
  compilePattern(pattern, ignoreCase).test(text);

/** Says of each text whether the pattern is found in it. */
function check(pattern: string, yes: readonly string[], no: readonly string[], ignoreCase = false): void {
  for (const text of yes) {
    assert.equal(found(pattern, text, ignoreCase), true, `${pattern} in ${JSON.stringify(text)}`);
  }
  for (const text of no) {
    assert.equal(found(pattern, text, ignoreCase), false, `${pattern} not in ${JSON.stringify(text)}`);
  }
}

const TAKEN = [
  ...["", "a", "é", "a|b|", "()", "(?:a)", "(?P<n>a)(?P<_2>b)", "(?i)a", "(?i-s:a)", "(?ms)a", "(?-i)a"],
  ...[String.raw`\.\*\[\]`, String.raw`\n\r\t\f`, ".", "[a-z]", "[^a-z]", String.raw`[\d\-\]]`, "[-a]", "[a-]"],
  ...["[a^$.|?*+(){}]", String.raw`\d\D\w\W\s\S\b\B`, String.raw`\A\z^$`, String.raw`\p{L}\P{Lu}\p{Greek}`],
  ...[String.raw`[\p{L}\d]`, "a*b+c?d{2}e{2,}f{2,3}", "a*?b+?c??d{2}?", "(a{10}){100}", "(a+)+", "a{0}", "a{1000}"],
  ...[String.raw`\_\@\/`, "(?i)a(?-i)b", "a&b~c-d", "[&~]", "((a{2}){0}){500}", String.raw`\p{Cs}\P{Cs}\p{C}`],
];

const REFUSED = [
  ...["(", ")", "a)", "(a", "[", "[]", "[^]", "]", "}", "{", "a{", "a{,2}", "a{2", "a{2,1}", "a{1001}", "a{01}"],
  ...["*a", "a**", "a*+", "a+*", "a???", "a{2}{2}", "(?i)*", "|*", "(?=a)", "(?!a)", "(?<=a)", "(?<n>a)", "(?P=n)"],
  ...["(?P<>a)", "(?P<1>a)", "(?P<a>b)(?P<a>c)", "(?x)a", "(?u)a", "(?U)a", "(?)", "(?-)", "(?i-)", "(?i--s)"],
  ...["(?-i-s)a", "(?i", "(?#c)", "[z-a]", String.raw`[a-\d]`, String.raw`[\d-z]`, "[[a]]", "[[:alpha:]]", "[a&&b]"],
  ...["[a--b]", "[a~~b]", String.raw`[\b]`, String.raw`[\A]`, "[a", "(a{10}){101}", "((a{10}){10}){11}"],
  ...["(a{2,}){501}", "a(?i", "\\", String.raw`\ `, String.raw`\é`, String.raw`\pL`, String.raw`\p{Nope}`],
  ...[String.raw`\p{greek}`, String.raw`\p{^L}`, String.raw`\p{`, String.raw`\1`, String.raw`\v`, String.raw`\a`],
  ...[String.raw`\x41`, String.raw`\u0041`, String.raw`\0`, String.raw`\Z`, String.raw`\Q`, String.raw`\G`],
];

test("the dialect is taken", () => {
  for (const pattern of TAKEN) {
    assert.doesNotThrow(() => found(pattern, "x"), pattern);
    assert.doesNotThrow(() => found(pattern, "x", true), pattern);
  }
});

test("what is outside the dialect is refused, and the place is told", () => {
  for (const pattern of REFUSED) {
    assert.throws(() => found(pattern, "x"), /^Error: .*\(at character \d+ of the pattern\)$/, pattern);
  }
});

test("classes are ASCII", () => {
  check(String.raw`^\d$`, ["7"], ["٧"]);
  check(String.raw`^\w+$`, ["a_Z9"], ["é"]);
  check(String.raw`^\s+$`, ["\t\n\f\r "], ["\v", "\u00a0", "\u2003"]);
  check(String.raw`^\D\W\S$`, ["ééé"], []);
  check(String.raw`\bé`, ["aé"], ["é"]);
  check(String.raw`\B`, ["é"], ["a"]);
  check(String.raw`a\B.\Ba|^\B|\B$`, [], ["aéa"]);
});

test("word characters never fold", () => {
  // The kelvin sign folds to k, and the long s to s.
  for (const letter of ["\u212a", "\u017f"]) {
    for (const pattern of [
      String.raw`\W`,
      String.raw`[\W.]`,
      String.raw`[^\w]`,
      String.raw`[\wks]`,
      "[ks]",
      String.raw`[^\w.]`,
    ]) {
      check(pattern, [letter], [], true);
    }
    for (const pattern of [
      String.raw`\w`,
      String.raw`[\w.]`,
      String.raw`[^\W]`,
      String.raw`[^\wks]`,
      String.raw`[^\W.]`,
    ]) {
      check(pattern, [], [letter], true);
    }
  }
  check(String.raw`^[\wé]+$`, ["AÉ"], ["à"], true);
  check(String.raw`[^\w\W]`, [], ["a", "é"], true);
  check(String.raw`[\w\W]`, ["a", "é", "\n"], [], true);
  check(String.raw`\W`, ["é"], ["k", "K"], true);
  check(String.raw`[^\WA-J]`, ["k", "Z", "_", "0"], ["a", "A", "é"], true);
  check(String.raw`[^\W\w]{0}x`, ["X"], ["y"], true);
  check(String.raw`^(?:[^\W0-9A-Z]|[^\wé])+$`, ["_è\u212a"], ["k", "É"], true);
});

test("folding is Unicode's", () => {
  check("σ", ["ς", "Σ"], [], true);
  check("straSSe", ["STRAsse"], ["straße"], true);
  check(String.raw`^\p{Lu}$`, ["a", "A"], ["1"], true);
  check(String.raw`\P{Lu}`, ["1"], ["a", "A"], true);
  check("[^a]", ["b"], ["A"], true);
  check("(?i:a)b", ["Ab"], ["AB"]);
  check("(?i)a(?-i)b", ["Ab"], ["AB"]);
  check("(a(?i)b|c)d", ["Cd", "aBd"], ["CD", "Abd"]);
});

test("anchors and dots are RE2's", () => {
  check("a$", ["a"], ["a\n", "a\nb"]);
  check("(?m)a$", ["a\nb"], ["a\r\n"]);
  check("^b", ["b"], ["a\nb"]);
  check("(?m)^b", ["a\nb"], []);
  check(String.raw`(?m)\Ab`, ["b"], ["a\nb"]);
  check(String.raw`(?m)a\z`, ["a"], ["a\nb"]);
  check("a.b", ["a\rb", "a😀b"], ["a\nb"]);
  check("(?s)a.b", ["a\nb"], []);
  check("^.$", ["😀"], ["😀😀"]);
});

test("a property is RE2's: without the unassigned, and without loose names", () => {
  check(String.raw`\p{C}`, ["\u0001", "\u200d", "\ue000"], ["\u0378", "a"]);
  check(String.raw`\P{C}`, ["a", "1", "\u0301", "\u0378", " "], ["\u0001", "\u200d", "\ue000"]);
  check(String.raw`^[^\P{C}x]$`, ["\u0001"], ["\u0378", "x", "a"], true);
  check(String.raw`\p{Greek}`, ["α"], ["a"]);
  check(String.raw`[\P{Greek}]`, ["a"], ["α"]);
});

test("a pattern of a thousand code points is taken, and one more is not", () => {
  check("😀".repeat(1_000), ["😀".repeat(1_000)], ["x"]);
  assert.throws(() => found("a".repeat(1_001), "a"), /1001 characters/);
  check(`${"(".repeat(499)}a${")".repeat(499)}`, ["a"], ["b"]);
});

test("a pattern that explodes elsewhere takes linear time", () => {
  const text = `${"a".repeat(50_000)}!`;
  const start = performance.now();
  check("^(a+)+$", [], [text]);
  check("(a|aa)*b", [], [text]);
  check("(?:a?){50}a{50}b", [], [text]);
  assert.ok(performance.now() - start < 10_000);
});
