"""What measurements count with: open connections, CPU, and their place in a page."""

from __future__ import annotations

import socket

import pytest

from bench.fleet_ssh import Row, faults
from bench.loopback_watch import Seen, watching
from bench.measure import Cost
from bench.page import placed

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
SERVER, OTHER = ("127.1.0.1", 22), ("127.1.0.2", 22)


def client(port: int) -> tuple[str, int]:
    return ("127.0.0.1", port)


def test_two_connections_one_after_the_other_are_never_open_at_once() -> None:
    seen = Seen()
    for port in (4001, 4002):
        seen.packet(client(port), SERVER, SYN)
        seen.packet(SERVER, client(port), SYN | ACK)
        seen.packet(client(port), SERVER, FIN | ACK)
        seen.packet(SERVER, client(port), FIN | ACK)
    assert (seen.opened[SERVER], seen.most_at_one, seen.most) == (2, 1, 1)


def test_a_connection_is_open_until_its_client_ends_it() -> None:
    seen = Seen()
    seen.packet(client(4001), SERVER, SYN)
    seen.packet(SERVER, client(4001), FIN | ACK)
    seen.packet(client(4002), SERVER, SYN)
    assert seen.most_at_one == 2


def test_connections_to_different_servers_count_in_all() -> None:
    seen = Seen()
    seen.packet(client(4001), SERVER, SYN)
    seen.packet(client(4002), OTHER, SYN)
    assert (seen.most_at_one, seen.most) == (1, 2)


def test_a_reset_by_the_server_ends_a_connection_and_a_repeated_syn_opens_none() -> None:
    seen = Seen()
    seen.packet(client(4001), SERVER, SYN)
    seen.packet(client(4001), SERVER, SYN)
    seen.packet(SERVER, client(4001), RST | ACK)
    seen.packet(client(4002), SERVER, SYN)
    assert (seen.opened[SERVER], seen.most_at_one) == (2, 1)


def row(*, at_one: int = 1, lost: int = 0, found: int = 2, promised: bool = True) -> Row:
    seen = Seen(most_at_one=at_one, lost=lost)
    seen.opened.update({SERVER: 1, OTHER: 1})
    cost = Cost(cpu=1.0, wall=1.0, peak_mib=1.0, exit_code=0)
    return Row("tool", cost, found, seen, 1.0, 2, promised)


def test_a_row_that_kept_its_promises_stands() -> None:
    assert list(faults(row(), 2)) == []
    assert list(faults(row(at_one=3, promised=False), 2)) == []


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        (row(at_one=2), "at once"),
        (row(lost=7), "unseen"),
        (row(found=1), "complete for 1 of 2"),
    ],
)
def test_a_row_that_did_not_is_void(broken: Row, word: str) -> None:
    (told,) = faults(broken, 2)
    assert told.startswith("VOID")
    assert word in told


PAGE = "above\n<!-- SSH: begin -->\nold\n<!-- SSH: end -->\nbelow\n"


def test_a_section_replaces_the_one_before_it_and_nothing_else() -> None:
    once = placed(PAGE, "SSH", ["new", "lines"])
    assert once == "above\n<!-- SSH: begin -->\n\nnew\nlines\n\n<!-- SSH: end -->\nbelow\n"
    assert placed(once, "SSH", ["new", "lines"]) == once


def test_a_page_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="FTP"):
        placed(PAGE, "FTP", [])


def test_connections_are_seen_on_the_loopback_device() -> None:
    with watching() as seen, socket.create_server(("127.0.0.1", 0)) as listener:
        where = listener.getsockname()
        for _ in range(2):  # one after the other, then one beside another
            with socket.create_connection(where):
                listener.accept()[0].close()
        with socket.create_connection(where), socket.create_connection(where):
            pass
    assert seen.lost == 0
    assert seen.opened[where] == 4
    assert seen.most_at_one >= 2
