"""IP addresses and networks, for `cidr`.

Must not take zone ids, ports or leading zeros. IPv4 inside `::ffff:0:0/96` is IPv4, however written.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, NamedTuple

from pennon._engine import reading
from pennon._engine.operators.test import Test
from pennon._engine.reading import Malformed

_LENGTH: Final = re.compile(r"0|[1-9][0-9]{0,2}")

_MAPPED: Final = 0xFFFF
"""The bits of `::ffff:0:0/96` above its IPv4."""
_MAPPED_LENGTH: Final = 96
_LONGEST: Final = 45
"""Characters of the longest address; what is longer is none."""


class Address(NamedTuple):
    """An address, with mapped ones told as the IPv4 they are."""

    width: int
    bits: int


class Network(NamedTuple):
    """A network: how many bits its addresses have, which of them count, and what they are."""

    width: int
    mask: int
    bits: int


def _written(text: str) -> Address | None:
    if len(text) > _LONGEST or "%" in text:
        return None
    try:
        return Address(128, int(IPv6Address(text))) if ":" in text else Address(32, int(IPv4Address(text)))
    except AddressValueError:
        return None


def address(text: str) -> Address | None:
    """The address that a text is."""
    found = _written(text)
    if found is not None and found.width == 128 and found.bits >> 32 == _MAPPED:
        return Address(32, found.bits & 0xFFFF_FFFF)
    return found


def network(text: str) -> Network | None:
    """The network that a text is: an address, or an address and a prefix length; host bits are masked."""
    base, slash, written_length = text.partition("/")
    found = _written(base)
    if found is None or (slash and not _LENGTH.fullmatch(written_length)):
        return None
    width, bits = found
    length = int(written_length) if slash else width
    if length > width:
        return None
    if width == 128 and bits >> 32 == _MAPPED and length >= _MAPPED_LENGTH:
        width, bits, length = 32, bits & 0xFFFF_FFFF, length - _MAPPED_LENGTH
    mask = (1 << width) - (1 << (width - length))
    return Network(width, mask, bits & mask)


def operand(value: object) -> Network:
    """Reads one of the operator's values."""
    found = network(reading.string(value))
    if found is None:
        raise Malformed("a network is written 10.0.0.0/8 or 2001:db8::/32, or is a bare address")
    return found


class Cidr(Test):
    """`cidr`. Networks of one length are sought by hash, all at once."""

    def __init__(self, operands: list[Network]) -> None:
        by_mask: dict[tuple[int, int], set[int]] = {}
        for width, mask, bits in operands:
            by_mask.setdefault((width, mask), set()).add(bits)
        self._groups = [(width, mask, frozenset(found)) for (width, mask), found in by_mask.items()]

    def accepts(self, value: object) -> bool:
        """Whether an address is in any of the networks."""
        found = address(value) if isinstance(value, str) else None
        if found is None:
            return False
        width, bits = found
        return any(width == other and bits & mask in masked for other, mask, masked in self._groups)
