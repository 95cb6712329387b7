"""Fixtures that every test may use."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# How long one example takes says more of the machine than of the code; the tests that bound time
# do so themselves.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
