from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scanner.model.target import Areas, Migration
from scanner.probes.places import Places, below

PARTS = st.lists(st.sampled_from(["a", "b", "in", "x.csv"]), max_size=3)
PATHS = PARTS.map(lambda parts: "/" + "/".join(parts))
PATTERNS = st.lists(
    st.sampled_from(["a", "b", "in", "*", "x.csv", "*.csv"]), min_size=1, max_size=3
)


@st.composite
def declared(draw: st.DrawFn) -> Places:
    areas = Areas(
        private=tuple(draw(st.lists(PATHS, max_size=2))),
        public=tuple(draw(st.lists(PATHS, max_size=2))),
    )
    patterns = PATTERNS.map(lambda parts: "/" + "/".join(parts))
    orders = draw(st.lists(st.lists(patterns, min_size=1, max_size=2), max_size=2))
    migrations = [
        Migration(order_id=f"MIG-{number}", paths=tuple(paths))
        for number, paths in enumerate(orders)
    ]
    return Places.declared(areas, migrations)


@given(places=declared(), directory=PATHS, name=st.sampled_from([b"a", b"in", b"x.csv", b"y"]))
def test_what_bears_on_a_directory_says_of_its_files_what_the_whole_does(
    places: Places, directory: str, name: bytes
) -> None:
    here, path = places.in_directory(directory.encode()), below(directory.encode(), name)
    assert here.zone(path) == places.zone(path)
    assert here.orders_of(path) == places.orders_of(path)


def test_what_lies_elsewhere_bears_on_no_file_of_a_directory() -> None:
    places = Places.declared(
        Areas(private=("/a",), public=("/b",)), [Migration(order_id="MIG-7", paths=("/a/*.csv",))]
    )
    here = places.in_directory(b"/b/in")
    assert [path for path, _, _ in here.areas] == ["/b"]
    assert here.orders == ()
