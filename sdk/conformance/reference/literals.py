"""Section 7's grammars of single values. Each parser returns None for what is not of its grammar."""

import datetime
import math
import re

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
NUMERAL = r"(0|[1-9][0-9]*)"
PRE_PART = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
SEMVER = re.compile(
    rf"{NUMERAL}\.{NUMERAL}\.{NUMERAL}(?:-({PRE_PART}(?:\.{PRE_PART})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
RULE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(value):
    """A finite double, from a number or a decimal string."""
    if isinstance(value, str):
        value = float(value) if NUMBER.fullmatch(value) else None
    return float(value) if is_number(value) and math.isfinite(value) else None


def date(value):
    """Epoch milliseconds, an unbounded integer."""
    if is_number(value):
        return int(value) if math.isfinite(value) and value == int(value) else None
    match = DATE.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return None
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    zone_hour, zone_minute = int(match[9] or 0), int(match[10] or 0)
    if hour > 23 or minute > 59 or second > 59 or zone_hour > 23 or zone_minute > 59:
        return None
    try:
        days = datetime.date(year, month, day).toordinal() - datetime.date(1970, 1, 1).toordinal()
    except ValueError:
        return None
    zone = (zone_hour * 60 + zone_minute) * (-1 if match[8] == "-" else 1)
    milliseconds = int((match[7] or "").ljust(3, "0")[:3])
    return ((days * 24 + hour) * 60 + minute - zone) * 60000 + second * 1000 + milliseconds


def semver(value):
    """A tuple that compares by precedence."""
    match = SEMVER.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return None
    core = tuple(int(match[i]) for i in (1, 2, 3))
    parts = match[4].split(".") if match[4] else []
    ids = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)
    if any(n >= 2**53 for n in core) or any(kind == 0 and n >= 2**53 for kind, n, _ in ids):
        return None
    return core, not ids, ids


def _octets(text):
    parts = text.split(".")
    if len(parts) != 4 or not all(re.fullmatch(r"0|[1-9][0-9]{0,2}", p) and int(p) <= 255 for p in parts):
        return None
    return int.from_bytes(bytes(map(int, parts)), "big")


def _groups(text):
    """The 16-bit groups of one side of an IPv6 address's `::`; an IPv4 tail counts as two."""
    groups = []
    parts = text.split(":") if text else []
    for i, part in enumerate(parts):
        if "." in part and i == len(parts) - 1:
            tail = _octets(part)
            if tail is None:
                return None
            groups += [tail >> 16, tail & 0xFFFF]
        elif re.fullmatch(r"[0-9A-Fa-f]{1,4}", part):
            groups.append(int(part, 16))
        else:
            return None
    return groups


def _ipv6(text):
    sides = text.split("::")
    if len(sides) > 2:
        return None
    if len(sides) == 2 and "." in sides[0]:
        return None
    parsed = [_groups(side) for side in sides]
    if None in parsed:
        return None
    if len(sides) == 1:
        groups = parsed[0]
    else:
        missing = 8 - len(parsed[0]) - len(parsed[1])
        if missing < 1:
            return None
        groups = parsed[0] + [0] * missing + parsed[1]
    if len(groups) != 8:
        return None
    return sum(group << (16 * (7 - i)) for i, group in enumerate(groups))


def address(value):
    """(4 or 6, integer); an IPv4-mapped address is IPv4."""
    if not isinstance(value, str):
        return None
    if ":" not in value:
        ip = _octets(value)
        return None if ip is None else (4, ip)
    ip = _ipv6(value)
    if ip is None:
        return None
    return (4, ip & 0xFFFFFFFF) if ip >> 32 == 0xFFFF else (6, ip)


def network(value):
    """(4 or 6, prefix bits as integer, prefix length)."""
    if not isinstance(value, str):
        return None
    text, slash, length = value.partition("/")
    found = address(text)
    if found is None or (slash and not re.fullmatch(r"0|[1-9][0-9]{0,2}", length)):
        return None
    version, ip = found
    written_as_6 = ":" in text
    most = 128 if written_as_6 else 32
    bits = int(length) if slash else most
    if bits > most:
        return None
    if version == 4 and written_as_6:
        if bits >= 96:
            bits -= 96
        else:
            version, ip = 6, (0xFFFF << 32) | ip
    width = 32 if version == 4 else 128
    return version, ip >> (width - bits), bits


def in_network(found, net):
    width = 32 if net[0] == 4 else 128
    return found[0] == net[0] and found[1] >> (width - net[2]) == net[1]


def reference(text):
    """An attribute reference as a path of names; `$now`, `$random`, `$instance` as themselves."""
    if not isinstance(text, str) or text == "":
        return None
    if text[0] == "$":
        return (text,) if text in ("$now", "$random", "$instance") else None
    if text[0] != "/":
        return (text,)
    path = []
    for token in text[1:].split("/"):
        if token == "" or re.search(r"~(?![01])", token):
            return None
        path.append(token.replace("~1", "/").replace("~0", "~"))
    return None if path[0][0] == "$" else tuple(path)


def lower(text):
    """The full lower-case mapping of each code point on its own."""
    return "".join(c.lower() for c in text)
