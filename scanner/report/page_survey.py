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

    def through(self, hosts: Iterable[_Document]) -> Iterator[_Document]:
        """Take in each host, and pass it on."""
        for place, host in enumerate(hosts):
            row = map_row(place, host)
            self.news.add(row, host)
            self._rows.append(row)
            if len(self._rows) > 2 * MOST_ROWS:
                self._rows = self.rows(MOST_ROWS)
            yield host

    def rows(self, most: int) -> list[MapRow]:
        """Return the lines of the map, at most ``MOST_ROWS``, the worst host first."""
        return sorted(self._rows, key=lambda row: row.rank)[:most]
