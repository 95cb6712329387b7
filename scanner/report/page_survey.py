"""What the page needs to know of all hosts before it draws the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from scanner.report.page_map import Host, MapRow, map_row
from scanner.report.page_news import News

MOST_ROWS = 10_000
"""Hosts in the heat map; the rest are counted."""

_Document = TypeVar("_Document", bound=Host)


class Survey:
    """Takes in host documents one by one, and holds a line of the map for each of the worst."""

    def __init__(self) -> None:
        self.news = News()
        self._rows: list[MapRow] = []
        self._met = 0
        self._renamed: dict[int, MapRow] = {}

    def add(self, host: Host) -> None:
        """Take in one host."""
        row = map_row(self._met, host)
        self._met += 1
        self.news.add(row, host)
        self._rows.append(row)
        if len(self._rows) > 2 * MOST_ROWS:
            self._rows = self._worst(MOST_ROWS)

    def rename(self, place: int, host: Host) -> None:
        """Take in anew what a host is called, once all of them were taken in. ``place`` counts
        them from 0.
        """
        if not self._renamed:
            self._renamed = {row.place: row for row in self._worst(MOST_ROWS)}
        if place in self._renamed:
            self._renamed[place] = map_row(place, host)

    def through(self, hosts: Iterable[_Document]) -> Iterator[_Document]:
        """Take in each host, and pass it on."""
        for host in hosts:
            self.add(host)
            yield host

    def rows(self, most: int) -> list[MapRow]:
        """Return the lines of the map, at most ``MOST_ROWS``, the worst host first."""
        return [self._renamed.get(row.place, row) for row in self._worst(most)]

    def _worst(self, most: int) -> list[MapRow]:
        return sorted(self._rows, key=lambda row: row.rank)[:most]
