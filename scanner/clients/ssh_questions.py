"""One SSH connection for questions about an account's keys: no signature, no session."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from scanner.clients.dialer import Dialer
from scanner.clients.faults import Fault
from scanner.clients.ssh import Meeting, meet
from scanner.clients.ssh_transport import SshTransport
from scanner.model.reading import Reason, Unobserved
from scanner.wire.ssh_kex import begin
from scanner.wire.ssh_negotiation import agree
from scanner.wire.ssh_signatures import CERTIFICATE, VERIFIABLE


async def begin_questions(
    dialer: Dialer, algorithms: Sequence[str], *, seconds: float
) -> tuple[SshTransport, bytes]:
    """Open a connection and begin authentication; return it with the host key that was shown.

    ``algorithms`` are those of host keys to choose from. The signature of the host key has
    verified; whose key it is, is the caller's to judge. The caller leaves the connection. Raises
    ``Fault``. The steps take ``4 * seconds`` in all.
    """
    met = await meet(dialer, seconds=seconds, tries=1)
    if isinstance(met, Unobserved):
        raise Fault(met.reason, met.detail)
    begun = False
    try:
        async with asyncio.timeout(seconds * 4):
            begun_with = await _begin(met.value, algorithms, seconds)
        begun = True
    except TimeoutError:
        raise Fault(Reason.TIMEOUT, "no answer in time") from None
    finally:
        if not begun:
            met.value.stream.abort()
    return begun_with


async def _begin(
    meeting: Meeting, algorithms: Sequence[str], seconds: float
) -> tuple[SshTransport, bytes]:
    offers = meeting.hello.kexinit
    if isinstance(offers, Unobserved):
        raise Fault(offers.reason, offers.detail)
    spoken = [name for name in algorithms if name.removesuffix(CERTIFICATE) in VERIFIABLE]
    agreement = agree(offers.value, spoken)
    if agreement is None:
        raise Fault(Reason.PROTOCOL_ERROR, "no common algorithms to ask over")
    transport = SshTransport(meeting, seconds=seconds)
    kex = begin(agreement.kex, os.urandom)
    skip = offers.value.guesses and not agreement.guessed(offers.value)
    blob = await transport.exchange(agreement, kex, skip=skip, finish=True)
    await transport.begin_authentication()
    return transport, blob
