"""Asks the team's own resolver for the SSHFP records of a name (RFC 4255)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdtypes.ANY.SSHFP

from scanner.clients.faults import Fault, fault_of
from scanner.model.reading import Reason
from scanner.model.text import neutralise
from scanner.wire.sshfp import Published

_MOST_RECORDS = 64
_LONGEST_HASH = 128
_UDP_BYTES = 1_232  # what crosses any network unbroken


@dataclass(frozen=True, slots=True)
class SshfpAnswer:
    """``records`` are none where the name has none. ``authenticated`` is the resolver's word."""

    records: tuple[Published, ...]
    authenticated: bool


async def ask_sshfp(resolver: tuple[str, int], name: str, *, seconds: float) -> SshfpAnswer:
    """Ask over UDP, and over TCP where the answer was cut. ``seconds`` bounds it all.

    ``resolver`` is address and port. Raises ``Fault``: no answer, or one that makes no sense.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _ask(resolver, name, seconds)
    except TimeoutError as error:
        raise Fault(Reason.TIMEOUT, "the resolver did not answer in time") from error
    except dns.exception.Timeout as error:
        raise Fault(Reason.TIMEOUT, "the resolver did not answer in time") from error
    except (OSError, EOFError) as error:
        raise fault_of(error) from error
    except (dns.exception.DNSException, ValueError, LookupError) as error:
        told = neutralise(str(error) or type(error).__name__, 120)
        raise Fault(
            Reason.PROTOCOL_ERROR, f"the resolver's answer makes no sense: {told}"
        ) from error


async def _ask(resolver: tuple[str, int], name: str, seconds: float) -> SshfpAnswer:
    where, port = resolver
    # AD in a question says that its meaning in the answer is understood (RFC 6840 section 5.7).
    query = dns.message.make_query(
        dns.name.from_text(name),
        "SSHFP",
        use_edns=0,
        payload=_UDP_BYTES,
        flags=dns.flags.RD | dns.flags.AD,
    )
    # What comes from elsewhere, or fits no question of ours, is passed over until time is up.
    answer, _ = await dns.asyncquery.udp_with_fallback(
        query, where, timeout=seconds, port=port, ignore_unexpected=True, ignore_errors=True
    )
    if not isinstance(answer, dns.message.QueryMessage):
        raise Fault(Reason.PROTOCOL_ERROR, "the resolver's answer is none to a question")
    code = answer.rcode()
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise Fault(Reason.PROTOCOL_ERROR, f"the resolver answered {dns.rcode.to_text(code)}")
    found = answer.resolve_chaining().answer
    records = [
        Published(record.algorithm, record.fp_type, record.fingerprint[:_LONGEST_HASH])
        for record in found or ()
        if isinstance(record, dns.rdtypes.ANY.SSHFP.SSHFP)
    ]
    return SshfpAnswer(tuple(records[:_MOST_RECORDS]), bool(answer.flags & dns.flags.AD))
