"""The sandboxes that this machine can set up; each test runs in every one of them."""

from __future__ import annotations

import pytest

from minigrad.sandbox.server import SandboxUnavailable, Server


@pytest.fixture(scope="session", params=["namespaces", "landlock"])
def server(request):
    try:
        server = Server(request.param)
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def plain_server():
    with Server("unsafe") as server:
        yield server


@pytest.fixture
def worker(server):
    with server.worker() as worker:
        yield worker


@pytest.fixture
def run(worker):
    """Run source as a cell; its reply."""
    return lambda source, cpu=5.0: worker.call(["cell", "a", source], cpu)


@pytest.fixture(scope="module")
def attack(server):
    """The same in one worker for a whole file of tests: attacks that fail leave it as it was."""
    with server.worker() as worker:
        yield lambda source, cpu=5.0: worker.call(["cell", "a", source], cpu)
