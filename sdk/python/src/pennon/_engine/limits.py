"""Every limit of a document, by name, with its reason (evaluation.md, section 5).

Holds nothing but numbers: who enforces a limit names it from here.
"""

from typing import Final

VARIANTS_PER_FLAG: Final = 100
"""Variants of one flag. More is a table, not a flag."""

RULES_PER_FLAG: Final = 256
"""Rules of one flag. They are tried in order, and a person has to read them."""

SLOTS_PER_SPLIT: Final = 256
"""Slots of one split. A rebalance cuts slots into pieces, so there may be more slots than variants."""

CONDITION_DEPTH: Final = 16
"""Depth of one condition tree: a leaf is 1, each `all`, `any` and `not` adds 1."""

VALUES_PER_LIST: Final = 100_000
"""Values in one condition, target or segment list. Bigger audiences belong in an attribute."""

PATTERN_LENGTH: Final = 1_000
"""Code points of one regular expression."""

PATTERN_REPETITION: Final = 1_000
"""What nested repetition counts of a regular expression may multiply to, as in RE2."""

PATTERN_MEMORY: Final = 1 << 26
"""Bytes of one compiled regular expression. The size is judged on write, by the server; this far higher bound keeps a
damaged snapshot from taking the process down."""

OBJECT_VALUE_BYTES: Final = 64 * 1_024
"""Bytes of the value of an object variant, as compact UTF-8 JSON. Every bulk answer carries it."""

DEPENDENCY_DEPTH: Final = 32
"""The longest chain of references between flags and segments, in edges."""

EXPANDED_REFERENCES: Final = 1_000
"""References of one flag when all are expanded, counted with repetition, so that evaluation cannot explode."""

JSON_DEPTH: Final = 128
"""Nesting of JSON in one document. It bounds the stack of every recursive walk."""

VERSIONS_KEPT: Final = 512
"""Parsed versions kept, since the rules of a flag tend to ask for one attribute again and again. A few releases of an
application are in the field at once."""

VERSION_LENGTH_KEPT: Final = 64
"""Characters of a version that is kept. It bounds the memory that texts of contexts may hold on to."""

WHOLE: Final = 100_000
"""One whole, in thousandths of a percent: buckets are 0 to WHOLE - 1."""

EXACT_INTEGER: Final = 2**53
"""Integral numbers are exact, and serve as units, strictly below this."""

LEAST_EXACT_INTEGER: Final = -EXACT_INTEGER
"""And strictly above this."""
