"""What all tests share: patience on a slow or busy machine, and the question whether it has a sandbox."""

import gc

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: or else one process would end with them while the others wait."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test hangs on the terminal that it was started from, nor on what a library wrote of it."""
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def one_process_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that runs in a test's own process starts no others unless it is told to: pytest has started
    as many as there are cores. What is run as a command of its own takes all cores, as its users do."""
    monkeypatch.setattr("minigrad.cli.options.cores", lambda: 1)


@pytest.fixture(scope="module", autouse=True)
def small_collections() -> None:
    """Python's collector leaves alone what earlier files hold: it would go through it a thousand times."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def sandbox() -> None:
    """Skips what needs a sandbox where there is none. Asked once: each answer starts a server."""
    from minigrad.sandbox.errors import SandboxUnavailable
    from minigrad.sandbox.server import Server

    try:
        Server().close()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
