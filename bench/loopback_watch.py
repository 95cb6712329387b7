"""Watches the loopback device: which connections were opened, and how many were open at once.

Independent of what tools and servers say of themselves. A connection is open from its client's
SYN to its client's FIN, or to a RST of either side. Only IPv4 is watched. Linux, root.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

_IPV4: Final = 0x0800  # of this type alone, a packet is seen as it comes in and not as it goes out
_TCP: Final = 6
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10
_BUFFER: Final = 64 * 1024 * 1024
_SNAP: Final = 64
_POLL_SECONDS: Final = 0.1
_SO_ATTACH_FILTER, _SO_RCVBUFFORCE = 26, 33
_SOL_PACKET, _PACKET_STATISTICS = 263, 6

# Classic BPF over a packet that begins with its IP header: TCP with FIN, SYN or RST, or nothing.
_FILTER: Final = (
    (0x30, 0, 0, 9),  # load the protocol
    (0x15, 0, 4, _TCP),
    (0xB1, 0, 0, 0),  # X = length of the IP header
    (0x50, 0, 0, 13),  # load the flags of TCP
    (0x45, 0, 1, _FIN | _SYN | _RST),
    (0x06, 0, 0, _SNAP),
    (0x06, 0, 0, 0),
)

Place = tuple[str, int]


@dataclass(slots=True)
class Seen:
    """What was seen of the watched ports. Every number is of connections."""

    opened: Counter[Place] = field(default_factory=Counter)
    """By address and port of the server."""
    most_at_one: int = 0
    """The most that were open at once at one address and port."""
    most: int = 0
    """The most that were open at once in all."""
    lost: int = 0
    """Packets that the kernel had no room for: with any, the other numbers are no proof."""
    _open: dict[Place, set[Place]] = field(default_factory=dict)
    _all: int = 0

    def packet(self, source: Place, target: Place, flags: int) -> None:
        """Count one packet with SYN, FIN or RST."""
        if flags & _SYN:
            if not flags & _ACK:
                self._opens(source, target)
        else:
            self._closes(source, target)
            if flags & _RST:
                self._closes(target, source)

    def _opens(self, client: Place, server: Place) -> None:
        there = self._open.setdefault(server, set())
        if client in there:  # sent again
            return
        there.add(client)
        self._all += 1
        self.opened[server] += 1
        self.most_at_one = max(self.most_at_one, len(there))
        self.most = max(self.most, self._all)

    def _closes(self, client: Place, server: Place) -> None:
        there = self._open.get(server, set())
        if client in there:
            there.remove(client)
            self._all -= 1


@contextmanager
def watching() -> Iterator[Seen]:
    """Yield what is seen of loopback; it is whole once the context has ended."""
    seen = Seen()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IPV4)) as watch:
        _prepare(watch)
        over = threading.Event()
        reader = threading.Thread(target=_read, args=(watch, seen, over), daemon=True)
        reader.start()
        try:
            yield seen
        finally:
            over.set()
            reader.join()
            (_, seen.lost) = struct.unpack(
                "II", watch.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
            )


def _prepare(watch: socket.socket) -> None:
    watch.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    program = b"".join(struct.pack("HBBI", *step) for step in _FILTER)
    kept = ctypes.create_string_buffer(program)
    header = struct.pack("HL", len(_FILTER), ctypes.addressof(kept))
    watch.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)
    watch.bind(("lo", _IPV4))


def _read(watch: socket.socket, seen: Seen, over: threading.Event) -> None:
    while True:
        ends = over.is_set()  # then what has arrived is still read
        watch.settimeout(0.0 if ends else _POLL_SECONDS)
        try:
            data = watch.recv(_SNAP)
        except (TimeoutError, BlockingIOError):
            if ends:
                return
            continue
        seen.packet(*_parsed(data))


def _parsed(data: bytes) -> tuple[Place, Place, int]:
    start = 4 * (data[0] & 0x0F)
    source, target = struct.unpack_from("!HH", data, start)
    return (
        (socket.inet_ntoa(data[12:16]), source),
        (socket.inet_ntoa(data[16:20]), target),
        data[start + 13],
    )
