"""Who has to wait for whom: addresses that are visited, credentials that are tried."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager


class KeyedLocks:
    """One lock per key, forgotten as soon as nobody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Hold the key's lock for the block."""
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[key]
            self._locks[key] = (lock, waiting - 1)
            if waiting == 1:
                del self._locks[key]


class CredentialGate:
    """Lets one login at a time try a credential, until it was accepted somewhere.

    Hosts are scanned side by side; without this a wrong password that many hosts share would
    reach all of them before the first refusal is remembered. Keys are keyed hashes.
    """

    def __init__(self) -> None:
        self._locks = KeyedLocks()
        self._accepted: set[str] = set()

    @asynccontextmanager
    async def hold(self, keys: Iterable[str]) -> AsyncIterator[None]:
        """Hold every credential in ``keys`` that was not accepted yet."""
        async with AsyncExitStack() as stack:
            for key in sorted(set(keys) - self._accepted):
                await stack.enter_async_context(self._locks.hold(key))
            yield

    def accept(self, key: str) -> None:
        """Remember that a credential is good: trying it elsewhere risks no common refusal."""
        self._accepted.add(key)
