"""Fixtures that start real servers; loaded with ``pytest_plugins = ["tests.servers.fixtures"]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.servers.handle import Server
from tests.servers.packages import PackagesUnavailableError, Prefix, unpack
from tests.servers.postures import POSTURES, Options, running
from tests.servers.process import RootRequiredError, require_root
from tests.servers.tree import Tree, plant


class StartServer(Protocol):
    """Start a server that lives until the test ends."""

    def __call__(
        self, posture: str | Options, *, contents: Callable[[Path], Tree] = plant
    ) -> Server:
        """Take the name of a posture, or the options of a product."""


@pytest.fixture(scope="session")
def server_packages() -> Prefix:
    """Return the unpacked server programs; the test fails where they can't be had."""
    try:
        require_root()
        return unpack()
    except (RootRequiredError, PackagesUnavailableError) as fault:
        pytest.fail(str(fault), pytrace=False)


@pytest.fixture
def start_server(server_packages: Prefix) -> Iterator[StartServer]:
    """Return a function that starts as many servers as the test asks for."""
    with ExitStack() as running_servers:

        def start(posture: str | Options, *, contents: Callable[[Path], Tree] = plant) -> Server:
            options = POSTURES[posture].options if isinstance(posture, str) else posture
            return running_servers.enter_context(running(options, contents=contents))

        yield start


@pytest.fixture
def server(request: pytest.FixtureRequest, start_server: StartServer) -> Server:
    """Start the posture that the test names.

    Use as ``@pytest.mark.parametrize("server", ["vsftpd-plain"], indirect=True)``.
    """
    posture: str = request.param
    return start_server(posture)
