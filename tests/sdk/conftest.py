"""Every test runs for each language; one server for a worker's tests, a project and a proxy for each test."""

import pytest

from languages import LANGUAGES
from scene import Scene
from server import Server

NONE = "none"
SERVER_SDKS = [name for name in LANGUAGES if name != "web"]


def pytest_addoption(parser):
    parser.addoption("--languages", default=",".join(LANGUAGES), help="agents to run, separated by commas (default: all)")


def pytest_configure(config):
    config.addinivalue_line("markers", "web_too: also for the web SDK")
    config.addinivalue_line("markers", "web_only: for the web SDK alone")
    unknown = set(chosen(config)) - set(LANGUAGES)
    if unknown:
        raise pytest.UsageError(f"no such language: {', '.join(sorted(unknown))}; there are {', '.join(LANGUAGES)}")


def chosen(config) -> list[str]:
    return [name.strip() for name in config.getoption("--languages").split(",")]


def pytest_generate_tests(metafunc):
    if "language" not in metafunc.fixturenames:
        return
    if metafunc.definition.get_closest_marker("web_only"):
        fits = ["web"]
    elif metafunc.definition.get_closest_marker("web_too"):
        fits = list(LANGUAGES)
    else:
        fits = SERVER_SDKS
    languages = [name for name in fits if name in chosen(metafunc.config)]
    metafunc.parametrize("language", languages or [NONE], ids=languages or ["none"], indirect=True)


def pytest_collection_modifyitems(config, items):
    """A test that fits none of the chosen languages is not one of this run; pytest would call it skipped."""
    kept = [item for item in items if not hasattr(item, "callspec") or item.callspec.params.get("language") != NONE]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


@pytest.fixture
def language(request):
    found = LANGUAGES[request.param]
    if why := found.missing():
        pytest.fail(why)
    return found


@pytest.fixture(scope="session")
def server():
    """The server that tests share which do nothing to it."""
    running = Server()
    yield running
    running.close()


@pytest.fixture
def scene(server, language):
    scene = Scene(server, language)
    yield scene
    scene.close()


@pytest.fixture
def own(language):
    """own(**settings) -> a scene before a server of its own, which the test may stop and start."""
    opened = []

    def make(**settings: str) -> Scene:
        server = Server(settings)
        opened.append(server)
        scene = Scene(server, language)
        opened.append(scene)
        return scene

    yield make
    for each in reversed(opened):
        each.close()
