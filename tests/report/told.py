"""What a written page tells of the night, read from its HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class MapLine:
    """A line of the heat map: texts of its cells, and the label of its sparkline."""

    asset: str = ""
    cells: list[str] = field(default_factory=list)
    trend: str = ""


class Told(HTMLParser):
    """``counts`` is the sentence that counts, ``changes`` holds (asset, failure): change, ``map``
    the heat map by asset, ``heads`` the headings of its columns.
    """

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.counts = ""
        self.changes: dict[tuple[str, str], str] = {}
        self.heads: list[str] = []
        self.map: dict[str, MapLine] = {}
        self._part, self._asset, self._change, self._into = "", "", "", ""
        self._line = MapLine()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "section":
            self._part = known.get("aria-labelledby", "")
        if self._part == "changes":
            self._in_changes(tag, known)
        elif self._part == "map":
            self._in_map(tag, known)

    def _in_changes(self, tag: str, known: dict[str, str]) -> None:
        if tag == "p" and known.get("class") == "soft":
            self._into = "counts"
        elif tag == "strong":
            self._into, self._asset = "asset", ""
        elif tag == "span" and known.get("class", "").startswith("tag t-"):
            self._into, self._change = "", known["class"].removeprefix("tag t-")
        elif tag == "a" and self._change:
            anchor = known["href"].partition("-")[2]
            assert (self._asset, anchor) not in self.changes
            self.changes[self._asset, anchor], self._change = self._change, ""

    def _in_map(self, tag: str, known: dict[str, str]) -> None:
        if tag == "tr":
            self._line = MapLine()
        elif tag == "th":
            self._into = "head" if known.get("scope") == "col" else "name"
            if self._into == "head":
                self.heads.append("")
        elif tag == "td":
            self._into = "cell"
            self._line.cells.append("")
        elif tag == "small":
            self._into = "note" if self._into == "cell" else ""
        elif tag == "svg":
            self._line.trend = known["aria-label"]

    def handle_endtag(self, tag: str) -> None:
        if tag in {"p", "strong", "thead", "table"}:
            self._into = ""
        if tag == "section":
            self._part = ""

    def handle_data(self, data: str) -> None:
        match self._into:
            case "counts":
                self.counts += data
            case "asset":
                self._asset += data
            case "head":
                self.heads[-1] += data
            case "name":
                self._line.asset += data.strip()
                self.map.setdefault(self._line.asset, self._line)
            case "cell":
                self._line.cells[-1] += data.strip()
            case "note":
                self._line.cells[-1] += f", {data}"
            case _:
                pass

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield asset, failure in words, and the cell's text."""
        failures = [head for head in self.heads if head not in {"Host", "Letter", "Score", "Trend"}]
        for asset, line in self.map.items():
            for failure, cell in zip(failures, line.cells[-len(failures) :], strict=True):
                yield asset, failure, cell
