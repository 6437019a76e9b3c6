/** Operators, where JavaScript itself would answer otherwise. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDate } from "../../src/engine/operator/date.js";
import { fold } from "../../src/engine/operator/fold.js";
import { Network, parseAddress } from "../../src/engine/operator/network.js";
import { parseNumber } from "../../src/engine/operator/number.js";
import { compareVersions, parseVersion } from "../../src/engine/operator/version.js";
import { holds } from "./environment.js";

test("only decimal text is a number", () => {
  const good: [string, number][] = [
    ["42", 42],
    ["-1.5", -1.5],
    ["1e3", 1_000],
    ["007", 7],
    ["-0", 0],
    ["2E-1", 0.2],
  ];
  for (const [text, number] of good) {
    assert.ok(Object.is(parseNumber(text), number), text);
  }
  for (const bad of [
    "",
    "-",
    "+1",
    "1.",
    ".5",
    " 1",
    "1 ",
    "1\n",
    "1e",
    "1e+",
    "0x10",
    "NaN",
    "Infinity",
    "1_000",
    "1e400",
    "١",
  ]) {
    assert.equal(parseNumber(bad), undefined, bad);
  }
});

test("a date is that of the calendar, years below 100 too", () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date("0001-01-01T00:00:00Z"),
        max: new Date("9999-12-31T23:59:59.999Z"),
        noInvalidDate: true,
      }),
      (date) => {
        assert.equal(parseDate(date.toISOString()), date.getTime());
      },
    ),
  );
  assert.equal(parseDate("2026-09-01T02:00:00.1239+02:00"), Date.UTC(2026, 8, 1) + 123);
  assert.equal(parseDate("1969-12-31T23:59:59.9995Z"), -1);
  for (const bad of [
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "2026-01-01T00:00:60Z",
    "2026-01-01T00:00:00Z\n",
  ]) {
    assert.equal(parseDate(bad), undefined, bad);
  }
});

test("lower case is that of each code point alone", () => {
  assert.equal(fold("ΑΣ"), "ας".replace("ς", "σ"));
  assert.equal(fold("İ"), "i\u0307");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      assert.equal(fold(text), Array.from(text, (point) => point.toLowerCase()).join(""));
    }),
    { numRuns: 2_000 },
  );
});

test("precedence is that of SemVer", () => {
  const rising = [
    ...["0.0.1", "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0--", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta"],
    ...["1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"],
  ].map((text) => parseVersion(text) ?? assert.fail(text));
  for (const [index, left] of rising.entries()) {
    for (const [other, right] of rising.entries()) {
      assert.equal(Math.sign(compareVersions(left, right)), Math.sign(index - other));
    }
  }
  for (const bad of [
    "1",
    "1.2",
    "v1.2.3",
    "01.2.3",
    "1.2.3-",
    "1.2.3-01",
    "1.2.3-é",
    "9007199254740992.0.0",
    "1.0.0-9007199254740992",
  ]) {
    assert.equal(parseVersion(bad), undefined, bad);
  }
});

test("an address is read in every form it is written in, and in no other", () => {
  const inside = (network: string, address: string): boolean => {
    const found = parseAddress(address);
    return found !== undefined && (Network.parse(network) ?? assert.fail(network)).contains(found);
  };
  const yes = [
    ...[
      ["10.1.2.3/8", "10.9.9.9"],
      ["0.0.0.0/0", "255.255.255.255"],
      ["2001:db8::/32", "2001:DB8:ffff::1"],
      ["::1", "0:0::1"],
    ],
    ...[
      ["10.0.0.0/8", "::ffff:10.1.1.1"],
      ["10.0.0.0/8", "0:0:0:0:0:ffff:a01:101"],
      ["::ffff:0:0/96", "1.2.3.4"],
    ],
    ...[
      ["::ffff:10.0.0.0/104", "10.1.1.1"],
      ["::/0", "1:2:3:4:5:6:7::"],
      ["1:2:3:4:5:6:102:304", "1:2:3:4:5:6:1.2.3.4"],
    ],
    ...[
      ["128.0.0.0/1", "255.0.0.1"],
      ["8000::/1", "ffff::"],
    ],
  ] as const;
  const no = [
    ["::/0", "1.2.3.4"],
    ["::ffff:0:0/95", "1.2.3.4"],
    ["1.2.3.4", "1.2.3.5"],
    ["128.0.0.0/1", "1.0.0.1"],
  ] as const;
  yes.forEach(([network, address]) => {
    assert.ok(inside(network, address), `${network} ${address}`);
  });
  no.forEach(([network, address]) => {
    assert.ok(!inside(network, address), `${network} ${address}`);
  });
  for (const bad of [
    "",
    "10.0.0",
    "01.0.0.0",
    "1.2.3.256",
    "fe80::1%eth0",
    "[::1]",
    "1.2.3.4:80",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7:8::",
    "1:2:3:4:5:6:7",
    "1.2.3.4::",
    "12345::",
    "1:2:3:4:5:6:7:1.2.3.4",
    "10.0.0.0/8",
  ]) {
    assert.equal(parseAddress(bad), undefined, bad);
  }
  for (const bad of [
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/08",
    "10.0.0.0/+8",
    "10.0.0.0/8/8",
    "::/129",
    "/8",
    "::/-1",
  ]) {
    assert.equal(Network.parse(bad), undefined, bad);
  }
});

test("any of several limits suffices", () => {
  const compare = (op: string, values: unknown[], a: unknown): boolean => holds({ attribute: "a", op, values }, { a });
  assert.deepEqual(
    [4, 5, 9, 10].map((a) => compare("lt", [5, 10], a)),
    [true, true, true, false],
  );
  assert.deepEqual(
    [5, 6].map((a) => compare("gt", ["10", 5], a)),
    [false, true],
  );
  assert.deepEqual(
    [
      ["x", 5],
      ["x", 6, null],
    ].map((a) => compare("gt", [10, 5], a)),
    [false, true],
  );
  assert.deepEqual(
    ["1.0.0", "3.0.0"].map((a) => compare("semver_eq", ["2.0.0", "3.0.0"], a)),
    [false, true],
  );
});

test("the version that was asked for last is not mistaken for another", () => {
  const atLeast = { attribute: "v", op: "semver_gte", values: ["2.0.0"] };
  const versions = [
    "1.0.0",
    "1.0.0",
    "2.0.0",
    "no",
    "2.0.0",
    `2.0.0+${"b".repeat(100)}`,
    `1.0.0+${"b".repeat(100)}`,
    "",
  ];
  assert.deepEqual(
    versions.map((v) => holds(atLeast, { v })),
    [false, false, true, false, true, true, false, false],
  );
});
