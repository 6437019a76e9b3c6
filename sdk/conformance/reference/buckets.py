"""Section 3: from a salt and a unit to a bucket; percentages to thousandths."""

import math

MASK = 0xFFFFFFFF
GATE_SEED, GATE_COARSE = 0, 100
SPLIT_SEED, SPLIT_COARSE = 86028157, 1000
WHOLE = 100000


def _rotate(x, bits):
    return ((x << bits) | (x >> (32 - bits))) & MASK


def _mix(block):
    block = (block * 0xCC9E2D51) & MASK
    return (_rotate(block, 15) * 0x1B873593) & MASK


def murmur3(data, seed):
    """MurmurHash3_x86_32 of bytes, by Austin Appleby's public description."""
    h = seed
    whole = len(data) - len(data) % 4
    for i in range(0, whole, 4):
        h ^= _mix(int.from_bytes(data[i : i + 4], "little"))
        h = (_rotate(h, 13) * 5 + 0xE6546B64) & MASK
    if whole < len(data):
        h ^= _mix(int.from_bytes(data[whole:], "little"))
    h ^= len(data)
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & MASK
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & MASK
    return h ^ (h >> 16)


def _draw(salt, unit, seed, coarse):
    h = murmur3(f"{salt}:{unit}".encode("utf-8"), seed)
    fine = WHOLE // coarse
    return h, (h % coarse) * fine + (h // coarse) % fine


def gate(salt, unit):
    """(hash, bucket) of a gate."""
    return _draw(salt, unit, GATE_SEED, GATE_COARSE)


def split(salt, unit):
    """(hash, bucket) of a split."""
    return _draw(salt, unit, SPLIT_SEED, SPLIT_COARSE)


def thousandths(percent):
    """A percentage as an integer of thousandths, or None when it is refused."""
    if not 0 <= percent <= 100:
        return None
    steps = math.floor(percent * 1000 + 0.5)
    return steps if abs(steps - percent * 1000) <= 1e-6 else None


def unit_text(value):
    """The unit a value is, as text, or None."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if value != value or abs(value) >= 2**53 or value != int(value):
        return None
    return str(int(value))
