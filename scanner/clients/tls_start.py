"""How TLS begins on a connection that is there: as a client, on control and data alike."""

from __future__ import annotations

import ssl

from scanner.clients.faults import Fault, fault_of
from scanner.clients.stream import Stream
from scanner.clients.tls_layer import TlsLayer
from scanner.model.reading import Reason


async def start_client_tls(
    stream: Stream,
    context: ssl.SSLContext,
    name: str,
    resumed: ssl.SSLSession | None = None,
) -> None:
    """Shake hands as a client, telling the name where it is one that can be told; resume a
    session of the same context where one is given.

    Raises ``ssl.SSLCertVerificationError`` as it is; every other failure is a ``Fault``.
    """
    try:
        await stream.start_tls(TlsLayer(context, name or None, resumed))
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as error:
        raise fault_of(error) from error
    except ValueError as error:  # a name that no certificate can hold, such as one too long
        raise Fault(Reason.TLS_FAILED, "a name that TLS cannot carry") from error
