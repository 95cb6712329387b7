"""SSH servers that misbehave once the connection is encrypted: about extensions and logins."""

from __future__ import annotations

from typing import Final

from tests.hostile import ssh_wire as wire
from tests.hostile.endpoint import Behaviour, Session
from tests.hostile.ssh import OWNED, after, repeats, says_nothing, tells
from tests.hostile.ssh_peer import Peer, reach
from tests.hostile.ssh_wire import Reader, message, string, u32


def extensions(count: int, *pairs: tuple[bytes, bytes]) -> bytes:
    """Return SSH_MSG_EXT_INFO (RFC 8308) that promises ``count`` extensions."""
    return message(
        wire.EXT_INFO, u32(count), *(string(name) + string(value) for name, value in pairs)
    )


def many_extensions(count: int) -> bytes:
    """Return SSH_MSG_EXT_INFO of as many extensions, each with a name of its own."""
    return extensions(count, *((b"x-%d" % number, b"y") for number in range(count)))


def announces(payload: bytes) -> Behaviour:
    """Send this first of all inside the encryption, and go on well."""

    async def behave(session: Session) -> None:
        peer = await reach(session, "newkeys")
        await peer.send(payload)
        await peer.serve()
        await peer.let_in()
        await peer.absorb()

    return behave


def unencrypted() -> Behaviour:
    """Go on in clear behind NEWKEYS."""

    async def behave(session: Session) -> None:
        peer = await reach(session, "newkeys")
        await peer.expect(wire.SERVICE_REQUEST)
        peer.expose()
        await peer.send(message(wire.SERVICE_ACCEPT, string(b"ssh-userauth")))
        await peer.send(message(wire.USERAUTH_SUCCESS))
        await peer.absorb()

    return behave


def banner(text: bytes) -> bytes:
    """Return SSH_MSG_USERAUTH_BANNER (RFC 4252 section 5.4)."""
    return message(wire.USERAUTH_BANNER, string(text), string(b""))


def greets(text: bytes) -> Behaviour:
    """Show this banner, and let in whoever shows a password."""

    async def behave(session: Session) -> None:
        peer = await reach(session, "service")
        await peer.send(banner(text))
        await peer.let_in()
        await peer.absorb()

    return behave


def endless_banners() -> Behaviour:
    """Show one banner after another and get to nothing else."""
    return after("service", repeats(banner(b"please wait\r\n" * 512)))


def refuses(methods: bytes) -> Behaviour:
    """Refuse every login, and name these methods."""

    async def behave(session: Session) -> None:
        peer = await reach(session, "service")
        while True:
            await peer.refuse(methods)

    return behave


def asks(prompts: int, *texts: bytes) -> bytes:
    """Return SSH_MSG_USERAUTH_INFO_REQUEST (RFC 4256) that promises ``prompts`` prompts."""
    told = b"".join(string(text) + b"\0" for text in texts)
    return message(
        wire.USERAUTH_INFO_REQUEST, string(OWNED), string(OWNED), string(b""), u32(prompts), told
    )


def interrogates(request: bytes) -> Behaviour:
    """Offer keyboard-interactive, answer it with ``request``, and refuse what is answered."""

    async def behave(session: Session) -> None:
        peer = await reach(session, "service")
        while True:
            payload = await peer.expect(wire.USERAUTH_REQUEST, 61)
            asked = Reader(payload[1:])
            if payload[0] == wire.USERAUTH_REQUEST:
                asked.string(), asked.string()
                if asked.string() == b"keyboard-interactive":
                    await peer.send(request)
                    continue
            await peer.send(message(wire.USERAUTH_FAILURE, string(b"keyboard-interactive"), b"\0"))

    return behave


UNASKED_SUCCESS: Final = message(wire.USERAUTH_SUCCESS)


def success_before_service() -> Behaviour:
    """Say that the login succeeded before there was any."""
    return after("newkeys", tells(UNASKED_SUCCESS))


def endless_after_newkeys() -> Behaviour:
    """Send IGNORE for ever inside the encryption."""
    return after("newkeys", repeats(message(wire.IGNORE, string(bytes(1_000)))))


async def refuses_and_disconnects(peer: Peer) -> None:
    """Refuse ``none``, and disconnect with hostile text where a credential is shown."""
    await peer.refuse()
    await peer.expect(wire.USERAUTH_REQUEST)
    await peer.send(wire.disconnect(OWNED))


async def refuses_and_is_silent(peer: Peer) -> None:
    """Refuse ``none``, and say nothing to a credential."""
    await peer.refuse()
    await says_nothing(peer)
