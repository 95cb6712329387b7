"""Fixtures that every test may use."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# How long one example takes says more of the machine than of the code; the tests that bound time
# do so themselves. The same examples each time, so that a change is not judged by chance;
# `make fuzz` looks for new ones.
settings.register_profile("patient", deadline=None, derandomize=True)
settings.register_profile("fresh", deadline=None, max_examples=500)
settings.load_profile("patient")
