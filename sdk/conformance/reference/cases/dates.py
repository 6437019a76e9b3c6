"""Dates: the grammar to its borders, truncation, strictness, `$now`."""

from cases.book import Book, Context, on, raw, whole

B = Book("dates.json", "conditions", "before and after: RFC 3339 as section 7 has it, and epoch milliseconds")
Y2026 = 1767225600000

valid = {
    "1970-01-01T00:00:00Z": 0, "1970-01-01T00:00:00.001Z": 1, "1969-12-31T23:59:59Z": -1000, "1969-12-31T23:59:59.999Z": -1,
    "2026-01-01T00:00:00Z": Y2026, "2026-01-01T00:00:00+00:00": Y2026, "2026-01-01T00:00:00-00:00": Y2026,
    "2026-01-01T01:00:00+01:00": Y2026, "2025-12-31T19:00:00-05:00": Y2026, "2026-01-01T05:45:00+05:45": Y2026,
    "2026-01-01T23:59:00+23:59": Y2026, "2025-12-31T00:01:00-23:59": Y2026, "2026-01-01T00:00:00.0Z": Y2026,
    "2026-01-01T00:00:00.000000000Z": Y2026, "2026-01-01T00:00:00.5Z": Y2026 + 500, "2026-01-01T00:00:00.05Z": Y2026 + 50,
    "2026-01-01T00:00:00.123456789Z": Y2026 + 123, "2026-01-01T00:00:00.9999Z": Y2026 + 999, "2026-01-01T00:00:00.999999999Z": Y2026 + 999,
    "1969-12-31T23:59:59.9999Z": -1, "1969-12-31T23:59:59.0009Z": -1000, "1969-12-31T23:59:58.9991Z": -1001,
    "2024-02-29T00:00:00Z": 1709164800000, "2000-02-29T12:00:00Z": 951825600000, "1600-02-29T00:00:00Z": -11670998400000,
    "2026-12-31T23:59:59Z": 1798761599000, "2026-06-30T23:59:59.999Z": 1782863999999,
    "0001-01-01T00:00:00Z": -62135596800000, "0001-01-01T00:00:00+23:59": -62135683140000, "0099-12-31T23:59:59Z": -59011459201000,
    "9999-12-31T23:59:59.999Z": 253402300799999, "9999-12-31T23:59:59-23:59": 253402387139000, "1900-02-28T00:00:00Z": -2203977600000,
    "2038-01-19T03:14:08Z": 2147483648000, "1901-12-13T20:45:51Z": -2147483649000,
}  # fmt: skip
invalid = [
    "", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00Z", "2026-01-01T00Z", "2026-01-01 00:00:00Z",
    "2026-01-01t00:00:00Z", "2026-01-01T00:00:00z", "2026-01-01T00:00:00 Z", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z ",
    "2026-01-01T00:00:00Z\n", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.1234567890Z",
    "2026-01-01T00:00:00+0000", "2026-01-01T00:00:00+00", "2026-01-01T00:00:00+0:00", "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00-24:00", "2026-01-01T00:00:00\u221205:00", "2026-01-01T00:00:00UTC", "2026-01-01T00:00:00GMT",
    "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
    "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z",
    "2026-01-01T23:59:60Z", "2016-12-31T23:59:60Z", "2026-01-01T23:59:61Z", "0000-01-01T00:00:00Z", "0000-12-31T23:59:59-23:59",
    "10000-01-01T00:00:00Z", "+2026-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "226-01-01T00:00:00Z", "26-01-01T00:00:00Z",
    "2026-1-01T00:00:00Z", "2026-01-1T00:00:00Z", "2026-01-01T0:00:00Z", "2026-01-01T00:0:00Z", "2026-01-01T00:00:0Z", "20260101T000000Z",
    "2026-01-01T000000Z", "2026/01/01T00:00:00Z", "2026-W01-1T00:00:00Z", "2026-001T00:00:00Z", "Thu, 01 Jan 2026 00:00:00 GMT",
    "2026-01-01T00:00:00Z[UTC]", "2026-01-01T00:00:00+01:00[Europe/Paris]", "\u0662\u0660\u0662\u0666-01-01T00:00:00Z", "2026-01-01T00:00:0\uff10Z",
    "2026-01-01T00:00:00.\u0665Z", "0", "1767225600000", "now", "$now", "-1", "1e3",
]  # fmt: skip

for text, at in valid.items():
    for op, first, second in (("after", at - 1, at), ("before", at + 1, at)):
        B.condition(f"{op}, text {text} is {at}", on("a", op, first), [text], [])
        B.condition(f"{op}, text {text} is {at}, strictly", on("a", op, second), [], [text])
    B.condition(f"literal {text}, after", on("a", "after", text), [at + 1], [at, at - 1])
    B.condition(f"literal {text}, before", on("a", "before", text), [at - 1], [at, at + 1])
ever = {"any": [on("a", "before", 0), on("a", "after", -1)]}
B.condition("no date", ever, no=invalid)
for text in invalid:
    B.condition(f"literal {text!a}", on("a", "before", text), broken=True)

B.condition("an integral number", ever, [0, -1, raw("0.0"), raw("1e3"), raw("-0"), 2**53, 10**30, raw("1e300"), raw("-1e300")], [0.5, -0.001, raw("1e-7"), True, None, "0"])
B.condition("after a huge number", on("a", "after", raw("1e300")), [raw("1.1e300")], [raw("1e300"), 10**30, "9999-12-31T23:59:59Z"])
B.condition("before a huge number", on("a", "before", raw("1e300")), ["9999-12-31T23:59:59Z", 10**30, raw("-1e300")], [raw("1e300")])
B.condition("before a huge negative number", on("a", "before", raw("-1e300")), [raw("-2e300")], ["0001-01-01T00:00:00Z", raw("-1e300")])
B.condition("before 2^63", on("a", "before", 2**63), [2**62, 0], [2**63, 2**64])
B.condition("after 2^63", on("a", "after", 2**63), [2**64], [2**63, 2**62, 0])
B.condition("after 2^53", on("a", "after", 2**53), [2**53 + 2], [2**53, 2**53 + 1])
for value in (0.5, raw("1e-3"), True, False):
    B.condition(f"literal {value}", on("a", "after", value), broken=True)
B.condition("literal 1000.0 is integral", on("a", "after", raw("1000.0")), [1001], [1000])
B.condition("literal 1e3 is integral", on("a", "before", raw("1e3")), [999], [1000])
B.condition("dates in an array", on("a", "after", "2026-01-01T00:00:00Z"), [["x", "2026-01-02T00:00:00Z"], [0, Y2026 + 1]], [["x"], [Y2026], [["2026-01-02T00:00:00Z"]]])

after_start = on("$now", "after", "2026-01-01T00:00:00Z")
before_start = on("$now", "before", "2026-01-01T00:00:00Z")
for now, is_after, is_before in [(Y2026, False, False), (Y2026 + 1, True, False), (Y2026 - 1, False, True), (0, False, True), (-1, False, True), (253402300800000, True, False), (2**53 - 1, True, False)]:  # fmt: skip
    for label, condition, holds in (("after", after_start, is_after), ("before", before_start, is_before)):
        B.condition(f"$now {now} {label} 2026", condition, [Context()] if holds else [], [] if holds else [Context()], nowMs=now)
B.condition("$now when nowMs is not given is the start of 2026", after_start, no=[Context()])
B.condition("$now, one millisecond of truncation", on("$now", "after", "2026-01-01T00:00:00.0009Z"), no=[Context()], nowMs=Y2026)
B.condition("$now, one millisecond later", on("$now", "after", "2026-01-01T00:00:00.0009Z"), [Context()], nowMs=Y2026 + 1)
B.condition("a context cannot set $now", after_start, no=[whole({"$now": "2030-01-01T00:00:00Z"}), whole({"$now": Y2026 + 5})])
B.condition("a context cannot unset $now", after_start, [whole({"$now": None}), whole({"$now": 0})], nowMs=Y2026 + 5)
B.condition("$now exists", {"attribute": "$now", "op": "exists"}, [Context()])
B.condition("a window of time", {"all": [on("$now", "after", Y2026 - 1), on("$now", "before", "2026-02-01T00:00:00Z")]}, [Context()])
