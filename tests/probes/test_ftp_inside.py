"""What becomes of the sessions of a tour."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from scanner.clients.faults import Fault
from scanner.model.reading import Reason, Unobserved
from scanner.probes.ftp_inside import Inside

_SILENT = Fault(Reason.TIMEOUT, "no reply in time")


class Session:
    """A session inside TLS that is silent, refuses or is cut short when asked to protect data."""

    tls = object()
    data_protected = False

    def __init__(self, answer: BaseException | None) -> None:
        self._answer = answer
        self.is_open = True

    async def protect_data(self) -> None:
        if self._answer is not None:
            raise self._answer

    def abort(self) -> None:
        self.is_open = False


@pytest.mark.parametrize("answer", [_SILENT, None, asyncio.CancelledError()])
async def test_a_login_that_cannot_be_used_after_all_leaves_no_connection(
    monkeypatch: pytest.MonkeyPatch, answer: BaseException | None
) -> None:
    fresh = Session(answer)

    async def again() -> Session:
        return fresh

    async def look(_session: Any, reconnect: Any, *_: Any) -> Unobserved:
        with pytest.raises((Fault, asyncio.CancelledError)):
            await reconnect()
        return Unobserved(Reason.CONNECTION_LOST)

    visit: Any = SimpleNamespace(features=())
    inside = Inside(visit, visit)
    monkeypatch.setattr(inside, "_look_and_strip", look)
    first, login_again = Session(None), again
    tour: Any = inside._tour
    await tour(first, login_again, "user", encrypted=False, private=True)
    assert not first.is_open
    assert not fresh.is_open
