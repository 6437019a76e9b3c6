"""The server's address, and the proxy on the way to it, if the environment names one.

Must not connect. A key goes to this origin and nowhere else.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlencode, urljoin, urlsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined] # its stub lacks it

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PORTS: Final = {"http": 80, "https": 443}


class AddressError(ValueError):
    """The text is no address of a server; `str` says what is allowed."""


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy."""

    host: str
    port: int
    headers: Mapping[str, str] = field(repr=False)
    """What it wants to know of who asks."""


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port, and the path below which the service lies."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Reads an address such as `https://flags.example.com/base`."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            raise AddressError(ALLOWED) from None
        if parts.scheme not in PORTS or not parts.hostname or parts.username is not None:
            raise AddressError(ALLOWED)
        if parts.query or parts.fragment or not all("!" <= character <= "~" for character in url.strip()):
            raise AddressError(ALLOWED)
        return cls(parts.scheme, parts.hostname, PORTS[parts.scheme] if port is None else port, parts.path.rstrip("/"))

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def netloc(self) -> str:
        """Host and port, the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def target(self, path: str, query: Iterable[tuple[str, str]] = ()) -> str:
        """The request target of a path below the service."""
        text = urlencode(list(query))
        return f"{self.path}{path}?{text}" if text else f"{self.path}{path}"

    def redirected(self, target: str, location: str) -> str | None:
        """The target that an answer leads to; None when it is not of this origin."""
        try:
            parts = urlsplit(urljoin(f"{self.scheme}://{self.netloc}{target}", location))
            port = PORTS.get(parts.scheme) if parts.port is None else parts.port
        except ValueError:
            return None
        if (parts.scheme, parts.hostname, port) != (self.scheme, self.host, self.port) or parts.username is not None:
            return None
        return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def proxy(self) -> Proxy | None:
        """The proxy that HTTP_PROXY or HTTPS_PROXY names, unless NO_PROXY excepts this origin.

        One that cannot be spoken to is passed by; `passed_by` tells.
        """
        named = self._named()
        return None if named is None else _read_proxy(named)

    def passed_by(self) -> str | None:
        """The variable that names a proxy for this origin that cannot be spoken to."""
        named = self._named()
        return f"{self.scheme.upper()}_PROXY" if named is not None and _read_proxy(named) is None else None

    def _named(self) -> str | None:
        proxies = getproxies_environment()
        named = proxies.get(self.scheme)
        excepted = not named or proxy_bypass_environment(f"{self.host}:{self.port}", proxies)
        return None if excepted else str(named)


ALLOWED: Final = "an http or https address without a user, a query or a fragment, such as https://flags.example.com"


def _read_proxy(named: str) -> Proxy | None:
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        port = parts.port or PORTS["http"]
    except ValueError:
        return None
    if parts.scheme != "http" or not parts.hostname:
        return None
    return Proxy(parts.hostname, port, _authorization(parts.username, parts.password))


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    plain = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(plain).decode()}"}
