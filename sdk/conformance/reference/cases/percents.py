"""Golden buckets, percentages to thousandths, rebalancing."""

from cases.book import Book, raw

B = Book("buckets.json", "buckets", "The golden vectors of section 3")
for salt, unit, gate_hash, gate, split_hash, split in [
    ("new_checkout_flow", "user-1", 3299934510, 10345, 1305652935, 93552),
    ("new_checkout_flow", "user-42", 1559279195, 95791, 47837313, 31337),
    ("new_checkout_flow", "4711", 1204172841, 41728, 2916220908, 90820),
    ("layer-pricing", "org-7", 2036497016, 16970, 2757493410, 41093),
    ("s", "é", 3895647214, 14472, 1900174252, 25274),
    ("s", "日本", 2683078249, 49782, 1829926689, 68926),
    ("s", "a b:c", 2274440142, 42401, 1140380476, 47680),
]:
    B.add(f"{salt} {unit}", salt=salt, unit=unit, gateHash=gate_hash, gateBucket=gate, splitHash=split_hash, splitBucket=split)

P = Book("percents.json", "percents", "Percentages to thousandths: floor(p * 1000 + 0.5), refused when off by more than 1e-6 thousandths")
for percent, thousandths in [
    (0, 0), (raw("-0"), 0), (raw("-0.0"), 0), (raw("0.000"), 0), (0.001, 1), (0.002, 2), (0.01, 10), (0.1, 100), (0.3, 300), (0.7, 700), (1, 1000), (1.001, 1001), (1.005, 1005), (1.1, 1100), (2.675, 2675),
    (4.35, 4350), (5, 5000), (8.2, 8200), (9.995, 9995), (10.345, 10345), (12.5, 12500), (16.67, 16670), (16.667, 16667), (19.99, 19990), (29.3, 29300), (33.3, 33300), (33.33, 33330), (33.333, 33333), (41.729, 41729),
    (49.999, 49999), (50, 50000), (raw("50.0"), 50000), (raw("5e1"), 50000), (raw("0.5e2"), 50000), (57.3, 57300), (64.1, 64100), (66.667, 66667), (78.2, 78200), (90.009, 90009), (99.9, 99900), (99.99, 99990), (99.999, 99999), (100, 100000), (raw("100.000"), 100000), (raw("1e2"), 100000),
    (0.0005, None), (0.0001, None), (0.00001, None), (0.0009, None), (0.0011, None), (0.0015, None), (1.0001, None), (33.3333, None), (33.33333333, None), (66.6667, None), (99.9999, None), (99.9995, None), (12.34567, None), (3.14159, None),
    (1e-10, 0), (5.0000000001, 5000), (4.9999999999, 5000), (33.3330000001, 33333), (5.00000001, None), (4.99999999, None), (0.00000001, None),
    (-1, None), (-0.001, None), (-100, None), (100.001, None), (101, None), (1000, None), (1e300, None), (-1e300, None),
]:  # fmt: skip
    P.add(f"{percent}".replace("\x01raw ", "spelled "), percent=percent, thousandths=thousandths)

R = Book("rebalance.json", "rebalance", "Minimal-move rebalance")


def slots(text):
    """`a 50 / b 50` in per cent of whole and tenths."""
    return [{"variant": v, "weight": round(float(w) * 1000)} for v, w in (part.split() for part in text.split(" / ") if part)]


for current, wanted, moved, result in [
    ("a 50 / b 50", "a 40 / b 40 / c 20", 20000, "a 40 / c 10 / b 40 / c 10"),
    ("a 50 / b 50", "c 20 / b 40 / a 40", 20000, "a 40 / c 10 / b 40 / c 10"),
    ("a 50 / b 50", "a 50 / b 50", 0, "a 50 / b 50"),
    ("a 100", "a 100", 0, "a 100"),
    ("a 100", "a 50 / b 50", 50000, "a 50 / b 50"),
    ("a 100", "b 100", 100000, "b 100"),
    ("a 100", "b 100 / a 0", 100000, "b 100"),
    ("a 50 / b 50", "a 100", 50000, "a 100"),
    ("a 50 / b 50", "b 100", 50000, "b 100"),
    ("a 50 / b 50", "a 60 / b 40", 10000, "a 50 / b 40 / a 10"),
    ("a 50 / b 50", "a 40 / b 60", 10000, "a 40 / b 60"),
    ("a 40 / c 10 / b 40 / c 10", "a 50 / b 50", 20000, None),
    ("a 40 / c 10 / b 40 / c 10", "a 40 / b 40 / c 20", 0, "a 40 / c 10 / b 40 / c 10"),
    ("a 40 / c 10 / b 40 / c 10", "a 45 / b 40 / c 15", 5000, "a 40 / c 10 / b 40 / c 5 / a 5"),
    ("a 40 / c 10 / b 40 / c 10", "a 55 / b 40 / c 5", 15000, "a 40 / c 5 / a 5 / b 40 / a 10"),
    ("a 40 / c 10 / b 40 / c 10", "a 60 / b 40", 20000, "a 50 / b 40 / a 10"),
    ("a 40 / c 10 / b 40 / c 10", "a 40 / b 60", 20000, "a 40 / b 60"),
    ("a 20 / b 20 / a 20 / b 20 / a 20", "a 30 / b 70", 30000, "a 20 / b 20 / a 10 / b 50"),
    ("a 20 / b 20 / a 20 / b 20 / a 20", "a 60 / b 40", 0, "a 20 / b 20 / a 20 / b 20 / a 20"),
    ("a 20 / b 20 / a 20 / b 20 / a 20", "a 80 / b 20", 20000, "a 20 / b 20 / a 60"),
    ("a 33.333 / b 33.333 / c 33.334", "a 33.333 / b 33.333 / c 33.333 / d 0.001", 1, "a 33.333 / b 33.333 / c 33.333 / d 0.001"),
    ("a 33.333 / b 33.333 / c 33.334", "a 33.334 / b 33.333 / c 33.333", 1, "a 33.333 / b 33.333 / c 33.333 / a 0.001"),
    ("a 90 / b 10", "a 80 / b 20", 10000, "a 80 / b 20"),
    ("b 10 / a 90", "a 80 / b 20", 10000, "b 10 / a 80 / b 10"),
    ("a 25 / b 25 / c 25 / d 25", "a 20 / b 20 / c 20 / d 20 / e 20", 20000, "a 20 / e 5 / b 20 / e 5 / c 20 / e 5 / d 20 / e 5"),
    ("a 25 / b 25 / c 25 / d 25", "a 100", 75000, "a 100"),
    ("a 25 / b 25 / c 25 / d 25", "d 100", 75000, "d 100"),
    ("a 25 / b 25 / c 25 / d 25", "b 50 / c 25 / d 25", 25000, "b 50 / c 25 / d 25"),
    ("a 25 / b 25 / c 25 / d 25", "a 25 / b 75", 50000, "a 25 / b 75"),
    ("a 99.999 / b 0.001", "a 100", 1, "a 100"),
    ("a 99.999 / b 0.001", "b 100", 99999, "b 100"),
    ("a 100", "a 40 / b 30 / c 30", 60000, None),
    ("a 50 / b 50", "a 25 / b 25 / c 25 / d 25", 50000, None),
    ("a 60 / b 20 / c 20", "a 20 / b 40 / c 40", 40000, None),
    ("a 10 / b 10 / a 10 / b 10 / a 10 / b 50", "a 20 / b 20 / c 30 / d 30", 60000, None),
]:  # fmt: skip
    members = {"current": slots(current), "wanted": slots(wanted), "moved": moved}
    if result is not None:
        members["slots"] = slots(result)
    R.add(f"{current} to {wanted}", **members)
