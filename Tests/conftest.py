"""Fixtures for all tests of the built server."""

import pytest

from visavis_server import VisavisServer


@pytest.fixture
def start_server(tmp_path_factory):
    """A function that starts a server with settings; it ends with the test."""
    servers = []

    def start(settings: dict | None = None, workers: int = 1) -> VisavisServer:
        server = VisavisServer(tmp_path_factory.mktemp("visavis"), settings, workers)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        if server.is_running:
            server.stop()


@pytest.fixture
def server(start_server):
    """One server with test settings."""
    return start_server()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory):
    """One server for all tests of a module."""
    with VisavisServer(tmp_path_factory.mktemp("visavis")) as running:
        yield running
