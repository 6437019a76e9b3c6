"""The server's address, where redirects may lead, and which proxy is on the way."""

from __future__ import annotations

import pytest

from pennon._transport.origin import AddressError, Origin


@pytest.mark.parametrize(
    ("url", "netloc", "path"),
    [
        ("http://h", "h", ""),
        ("http://h:80/", "h", ""),
        ("https://h:443", "h", ""),
        ("https://h:8443/base/", "h:8443", "/base"),
        ("http://[::1]:8080", "[::1]:8080", ""),
        (" http://h/a/b ", "h", "/a/b"),
    ],
)
def test_an_address_is_read(url: str, netloc: str, path: str) -> None:
    origin = Origin.parse(url)
    assert (origin.netloc, origin.path) == (netloc, path)


@pytest.mark.parametrize(
    "url", ["", "h", "http:", "http://[", "http://h:x", "http://h/\x7f", "http://h/a b", "file:///x"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AddressError):
        Origin.parse(url)


def test_a_target_has_the_base_path_and_an_encoded_query() -> None:
    origin = Origin.parse("http://h/base")
    assert origin.target("/api") == "/base/api"
    assert origin.target("/api", [("label.team", "a b&c"), ("x", "ü")]) == "/base/api?label.team=a+b%26c&x=%C3%BC"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/elsewhere", "/elsewhere"),
        ("elsewhere?x=1", "/base/elsewhere?x=1"),
        ("http://h:8080/x", "/x"),
        ("http://h:8080", "/"),
        ("http://H:8080/x", "/x"),
        ("//h:8080/x", "/x"),
        ("http://h/x", None),
        ("https://h:8080/x", None),
        ("http://other:8080/x", None),
        ("//other/x", None),
        ("http://u@h:8080/x", None),
        ("ftp://h:8080/x", None),
        ("http://[", None),
        ("http://h:99999/", None),
    ],
)
def test_a_redirect_stays_on_the_origin(location: str, target: str | None) -> None:
    assert Origin.parse("http://h:8080/base").redirected("/base/api", location) == target


@pytest.fixture
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("_no_proxies")
def test_the_proxy_of_the_scheme_is_taken_with_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Origin.parse("http://h").proxy() is None
    monkeypatch.setenv("HTTPS_PROXY", "http://me:p%40ss@proxy:3128")
    assert Origin.parse("http://h").proxy() is None
    proxy = Origin.parse("https://h").proxy()
    assert proxy is not None
    assert (proxy.host, proxy.port) == ("proxy", 3128)
    assert proxy.headers == {"Proxy-Authorization": "Basic bWU6cEBzcw=="}
    assert "bWU6cEBzcw" not in repr(proxy)


@pytest.mark.usefixtures("_no_proxies")
def test_no_proxy_excepts_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "proxy:3128")
    monkeypatch.setenv("no_proxy", "localhost,.internal,127.0.0.1")
    assert Origin.parse("http://flags.internal:8080").proxy() is None
    assert Origin.parse("http://127.0.0.1:8080").proxy() is None
    proxy = Origin.parse("http://flags.example.com").proxy()
    assert proxy is not None
    assert (proxy.host, proxy.port, dict(proxy.headers)) == ("proxy", 3128, {})


@pytest.mark.usefixtures("_no_proxies")
@pytest.mark.parametrize("value", ["socks5://proxy:1080", "http://", "http://[", "http://proxy:99999"])
def test_a_proxy_that_cannot_be_used_is_as_if_there_were_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", value)
    assert Origin.parse("http://h").proxy() is None
    assert Origin.parse("http://h").passed_by() == "HTTP_PROXY"
    assert Origin.parse("https://h").passed_by() is None
    monkeypatch.setenv("NO_PROXY", "h")
    assert Origin.parse("http://h").passed_by() is None
