"""SemVer 2.0.0: precedence and grammar."""

from cases.book import Book, on

B = Book("versions.json", "conditions", "semver_eq, semver_lt, semver_lte, semver_gt, semver_gte")
BIG = 2**53

# Ascending; equal ones share a line.
ORDER = [
    ["0.0.0-0"], ["0.0.0-alpha"], ["0.0.0", "0.0.0+x"], ["0.0.1"], ["0.1.0"], ["0.9.9"], ["0.10.0"],
    ["1.0.0--"], ["1.0.0"], ["1.2.3-0"], ["1.2.3-1"], ["1.2.3-2"], ["1.2.3-10"], [f"1.2.3-{BIG - 1}"], ["1.2.3--"], ["1.2.3--1"], ["1.2.3-0a"], ["1.2.3-A"],
    ["1.2.3-Z"], ["1.2.3-alpha", "1.2.3-alpha+b.1"], ["1.2.3-alpha.0"], ["1.2.3-alpha.1"], ["1.2.3-alpha.1.0"], ["1.2.3-alpha.2"], ["1.2.3-alpha.beta"],
    ["1.2.3-alpha0"], ["1.2.3-beta"], ["1.2.3-beta.2"], ["1.2.3-beta.11"], ["1.2.3-rc.1"], ["1.2.3", "1.2.3+1", "1.2.3+a-b.007", "1.2.3+001"],
    ["1.2.4-a"], ["1.2.4"], ["1.2.10"], ["1.10.0"], ["2.0.0-alpha"], ["2.0.0"], ["10.0.0"], ["4294967296.0.0"], [f"{BIG - 1}.0.0"], [f"{BIG - 1}.0.1"], [f"{BIG - 1}.{BIG - 1}.{BIG - 1}"],
]  # fmt: skip

for i, same in enumerate(ORDER):
    for text in same:
        lower = [ORDER[j][0] for j in (i - 1, i - 5) if j >= 0]
        higher = [ORDER[j][-1] for j in (i + 1, i + 4) if j < len(ORDER)]
        B.condition(f"semver_eq {text}", on("a", "semver_eq", text), same, lower + higher)
        B.condition(f"semver_lt {text}", on("a", "semver_lt", text), lower, same + higher)
        B.condition(f"semver_gte {text}", on("a", "semver_gte", text), same + higher, lower)
        if i % 3 == 0:
            B.condition(f"semver_lte {text}", on("a", "semver_lte", text), same + lower, higher)
            B.condition(f"semver_gt {text}", on("a", "semver_gt", text), higher, same + lower)

invalid = [
    "", "1", "1.2", "1.2.3.4", "v1.2.3", "V1.2.3", "=1.2.3", "^1.2.3", "~1.2.3", " 1.2.3", "1.2.3 ", "1.2.3\n", "1. 2.3", "01.2.3", "1.02.3", "1.2.03", "00.0.0",
    "-1.2.3", "+1.2.3", "1.-2.3", "1.2.-3", "1..3", ".1.2", "1.2.", "1.2.x", "1.2.*", "a.b.c", "1,2,3", "1.2.3-", "1.2.3-+b", "1.2.3-.a", "1.2.3-a.", "1.2.3-a..b",
    "1.2.3-01", "1.2.3-00", "1.2.3-a.01", "1.2.3-a_b", "1.2.3-\u00e9", "1.2.3+", "1.2.3+.", "1.2.3+a.", "1.2.3+a..b", "1.2.3+a_b", "1.2.3+a+b", "1.2.3-a+", "1.2.3-a b",
    "1.2.3+\u00e9", "\u0661.2.3", "1.2.\uff13", f"{BIG}.0.0", f"0.{BIG}.0", f"0.0.{BIG}", f"1.2.3-{BIG}", f"1.2.3-a.{BIG}", "99999999999999999999.0.0", "1e3.0.0", "0x1.0.0",
]  # fmt: skip
anything = {"any": [on("a", "semver_gte", "0.0.0-0"), on("a", "semver_lt", "0.0.0-0")]}
valid = ["0.0.0", "1.2.3", "1.2.3----", "1.2.3-0-0", "1.2.3-01a", "1.2.3-a.0b.-", "1.2.3+00.00", f"1.2.3+{BIG}0", f"1.2.3-{BIG}a", f"1.2.3-{BIG - 1}", "1.0.0-x-y-z.4+meta.-"]  # fmt: skip
B.condition("a version", anything, valid, invalid + [1, 1.2, True])
for text in invalid:
    B.condition(f"literal {text!a}", on("a", "semver_gte", text), broken=True)
