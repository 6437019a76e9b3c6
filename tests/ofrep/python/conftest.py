"""One seeded server for all tests; a client for any key and address."""

import itertools
import pathlib
import sys

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from server import Server  # noqa: E402

_domains = itertools.count()


@pytest.fixture(scope="session")
def server():
    running = Server()
    try:
        running.seed()
        yield running
    finally:
        running.close()


@pytest.fixture
def connect(server):
    """connect(key=..., address=...) -> an OpenFeature client of its own domain."""

    def connect(key=None, address=None, header="Authorization"):
        key = key or server.bootstrap["serverKey"]
        value = f"Bearer {key}" if header == "Authorization" else key
        provider = OFREPProvider(address or server.address, headers_factory=lambda: {header: value})
        domain = f"test-{next(_domains)}"
        api.set_provider_and_wait(provider, domain)
        return api.get_client(domain)

    yield connect
    api.shutdown()
    api.clear_providers()


@pytest.fixture
def client(connect):
    return connect()
