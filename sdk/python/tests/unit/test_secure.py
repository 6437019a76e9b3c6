"""HTTPS: verified against the certificates of the system, and ended by another thread like every exchange."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import trustme

from documents import document, flag
from peer import Peer, put
from pennon import Client
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from peer import Talk

STREAM, EVENTS = "/api/v1/sdk/stream", "/api/v1/sdk/events"


@pytest.fixture
def authority() -> trustme.CA:
    """Who signs."""
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Peer]:
    """A peer with a certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    running = Peer(context)

    def stream(talk: Talk) -> None:
        talk.stream(": hello\n\n", put(document(flag("f"))))
        talk.stay()

    running.scripts[STREAM] = stream
    running.scripts[EVENTS] = lambda talk: talk.answer(200, {"accepted": 1, "refused": []})
    yield running
    running.close()


def test_a_certificate_that_is_trusted_is_spoken_to(
    secure: Peer, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    client = Client(secure.url, "k", start_wait=10)
    assert secure.url.startswith("https://")
    assert client.is_enabled("f")
    client.close()
    assert secure.seen(EVENTS)
    assert [thread.name for thread in threading.enumerate() if thread.name == "pennon-listener"] == []


def test_a_certificate_that_is_not_trusted_is_not(secure: Peer) -> None:
    with Client(secure.url, "k", start_wait=0.5, events=False, backoff_min=0.01, backoff_max=0.02) as client:
        assert client.is_enabled("f", True)
        assert client.details("f", True).error_code == "PROVIDER_NOT_READY"
        assert "CERTIFICATE_VERIFY_FAILED" in str(client.status().last_error)
    assert secure.asked == []


def test_certificates_that_cannot_be_read_are_a_failure_like_others(
    secure: Peer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ssl.SSLError("no certificate in it")

    monkeypatch.setattr(ssl, "create_default_context", fail)
    with Client(secure.url, "k", start_wait=0, events=False, backoff_min=0.01, backoff_max=0.02) as client:
        until(lambda: client.status().last_error, "the failure")
        assert client.is_enabled("f", True)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
