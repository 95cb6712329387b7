from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scanner.model.failure import (
    FLOORS,
    CapTrigger,
    FailureId,
    Grade,
)
from scanner.model.finding import (
    Cap,
    FailureResult,
    Source,
    Verdict,
)
from scanner.scoring import assess, cap_of
from tests.scoring_cases import SINCE, D, E, F, K, N, P, Said, U, X, row

SAID = st.sampled_from([P, K, E, D, F, U, X, N, (Verdict.PASS, None)])
TABLES = st.fixed_dictionaries(dict.fromkeys(FailureId, SAID))
CAPS = st.lists(
    st.builds(
        cap_of,
        st.sampled_from(CapTrigger),
        st.sampled_from(FailureId),
        st.sampled_from(["internet", "dmz"]),
        st.just(SINCE),
        st.booleans(),
    ),
    max_size=3,
)
LOWERED = st.sampled_from(["", "warning W-1"])
ANY_ROW = st.sampled_from(list(FailureId))
Table = Mapping[FailureId, Said]


def of(table: Table) -> list[FailureResult]:
    return [row(failure, said) for failure, said in table.items()]


def floor_letter(number: float) -> Grade:
    return next(letter for letter, floor in FLOORS if number >= floor)


@given(TABLES, CAPS, LOWERED)
def test_numbers_stay_in_bounds_and_agree_with_their_letters(
    table: Table, caps: list[Cap], lowered: str
) -> None:
    said = assess(of(table), caps, lowered_because=lowered)
    assert 0 <= said.score <= said.best_case <= 100
    assert 0 <= said.coverage <= 100
    assert (floor_letter(said.score), floor_letter(said.best_case)) == (said.worst, said.best)
    assert said.grade in {said.worst, Grade.U}
    assert said.score == round(said.score, 1)


@given(TABLES, CAPS, LOWERED, ANY_ROW)
def test_unobserving_a_pass_never_raises_the_score(
    table: Table, caps: list[Cap], lowered: str, failure: FailureId
) -> None:
    before = assess(of({**table, failure: P}), caps, lowered_because=lowered)
    seen = assess(of(table), caps, lowered_because=lowered)
    after = assess(of({**table, failure: U}), caps, lowered_because=lowered)
    assert after.score <= before.score
    if table[failure][0] is Verdict.PASS:
        assert after.score <= seen.score
    assert after.coverage <= before.coverage


@given(TABLES, CAPS, LOWERED, ANY_ROW)
def test_unobserving_a_fail_clears_nothing_and_earns_nothing(
    table: Table, caps: list[Cap], lowered: str, failure: FailureId
) -> None:
    before = assess(of({**table, failure: F}), caps, lowered_because=lowered)
    after = assess(of({**table, failure: U}), caps, lowered_because=lowered)
    assert after.score == before.score
    assert after.megabus_match.cleared == before.megabus_match.cleared
    assert after.megabus_match.unknown == before.megabus_match.unknown + 1


@given(TABLES, CAPS, ANY_ROW, st.sampled_from([P, K, E, D, F]))
def test_the_best_case_is_never_beaten_by_what_an_unknown_turns_out_to_be(
    table: Table, caps: list[Cap], failure: FailureId, turns_out: Said
) -> None:
    before = assess(of({**table, failure: U}), caps)
    after = assess(of({**table, failure: turns_out}), caps)
    assert after.score <= before.best_case
    assert after.best_case <= before.best_case


@given(TABLES, CAPS, CAPS, LOWERED)
def test_another_cap_never_raises_anything(
    table: Table, caps: list[Cap], more: list[Cap], lowered: str
) -> None:
    before = assess(of(table), caps, lowered_because=lowered)
    after = assess(of(table), caps + more, lowered_because=lowered)
    assert after.score <= before.score
    assert after.best_case <= before.best_case


@given(TABLES, CAPS)
def test_a_warning_takes_at_most_one_letter_and_never_gives_one(
    table: Table, caps: list[Cap]
) -> None:
    letters = [letter for letter, _ in FLOORS]
    before, after = assess(of(table), caps), assess(of(table), caps, lowered_because="W-1")
    for one, other in ((before.worst, after.worst), (before.best, after.best)):
        assert letters.index(other) == min(letters.index(one) + 1, len(letters) - 1)
    assert after.score <= before.score


@given(TABLES, TABLES)
def test_a_higher_score_never_has_a_lower_letter(one: Table, other: Table) -> None:
    letters = [letter for letter, _ in FLOORS]
    low, high = sorted((assess(of(one), ()), assess(of(other), ())), key=lambda said: said.score)
    assert letters.index(high.worst) <= letters.index(low.worst)


@given(TABLES, CAPS, LOWERED, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_caps_does_not_matter(
    table: Table, caps: list[Cap], lowered: str, random: Random
) -> None:
    shuffled, shuffled_caps = of(table), list(caps)
    random.shuffle(shuffled)
    random.shuffle(shuffled_caps)
    first = assess(of(table), caps, lowered_because=lowered)
    assert assess(shuffled, shuffled_caps, lowered_because=lowered) == first


@given(TABLES)
def test_unknown_and_error_are_worth_the_same(table: Table) -> None:
    unknown = {each: U if said is X else said for each, said in table.items()}
    assert assess(of(table), ()) == assess(of(unknown), ())


@given(TABLES, ANY_ROW)
def test_a_row_that_is_not_applicable_changes_nothing_by_its_other_fields(
    table: Table, failure: FailureId
) -> None:
    plain = of({**table, failure: N})
    dressed = [
        replace(each, source=Source.NETWORK, reason="signed") if each.id is failure else each
        for each in plain
    ]
    assert assess(plain, ()) == assess(dressed, ())
