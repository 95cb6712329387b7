from __future__ import annotations

from fractions import Fraction

import pytest

from scanner.model.content import DataClass
from scanner.model.failure import (
    CAP_GRADES,
    CAP_REASONS,
    CEILINGS,
    WEIGHTS,
    CapTrigger,
    FailureId,
    Grade,
)
from scanner.model.finding import (
    BreachSeverity,
    Cap,
    MegabusMatch,
    Verdict,
)
from scanner.scoring import PAPERS, _shown, assess, cap_of, enisa_severity, megabus_match
from tests.scoring_cases import SINCE, D, E, F, K, P, Said, U, X, cap, row, rows

OPEN_DATA = cap(CapTrigger.OPEN_PERSONAL_DATA)
OPEN_LISTING = cap(CapTrigger.OPEN_LISTING)

# Order of the letters: open zone, clear storage, plaintext transport, overdue deletion, shared
# account, missing supervision, uncontrolled migration, excess extraction, missing contract.
WORKED = {
    "megabus with all evidence": ("FFF FFF FFF", (OPEN_DATA,), 0.0, 0.0, 100.0, "F", "F", "F"),
    "megabus as a black box": ("FFF UUU UUU", (OPEN_DATA,), 0.0, 19.0, 48.0, "F", "F", "F"),
    "megabus before its caps": ("FFF UUU UUU", (), 0.0, 52.0, 48.0, "U", "F", "D"),
    "hardened with all evidence": ("PPP PEP EPD", (), 96.4, 96.4, 100.0, "A", "A", "A"),
    "hardened as a black box": ("PUP UUU UUU", (), 32.0, 100.0, 32.0, "U", "E", "A"),
    "paper but for the door": ("PDD DDD DDD", (), 68.0, 68.0, 100.0, "C", "C", "C"),
    "paper alone": ("DDD DDD DDD", (), 59.0, 59.0, 100.0, "D", "D", "D"),
    "hardened but one file open": ("FFP PEP EPD", (OPEN_DATA,), 19.0, 19.0, 100.0, "F", "F", "F"),
}


@pytest.mark.parametrize("case", WORKED.values(), ids=WORKED)
def test_the_worked_table_comes_out_exactly(
    case: tuple[str, tuple[Cap, ...], float, float, float, str, str, str],
) -> None:
    letters, caps, score, best, coverage, grade, worst, best_letter = case
    said = assess(rows(letters), caps)
    assert (said.score, said.best_case, said.coverage) == (score, best, coverage)
    assert (said.grade, said.worst, said.best) == (grade, worst, best_letter)


def test_the_open_file_alone_costs_its_rows_before_the_cap() -> None:
    assert assess(rows("FFP PEP EPD"), ()).score == 60.4


def test_the_weights_of_the_worked_table_add_up_to_a_hundred() -> None:
    assert sum(WEIGHTS.values()) == 100


@pytest.mark.parametrize(
    ("said", "score"), [(P, 20.0), (K, 20.0), (E, 18.0), (D, 12.0), (F, 0.0), (U, 0.0), (X, 0.0)]
)
def test_a_source_is_worth_its_credit(said: Said, score: float) -> None:
    others = [row(each, F) for each in FailureId if each is not FailureId.OPEN_ZONE]
    assert assess([row(FailureId.OPEN_ZONE, said), *others], ()).score == score


def test_a_pass_of_unknown_source_earns_nothing() -> None:
    nobody_s_word = row(FailureId.OPEN_ZONE, (Verdict.PASS, None))
    assert assess([nobody_s_word, *rows("PPP PPP PPP")[1:]], ()).score == 80.0


def test_a_row_that_is_not_applicable_leaves_score_and_coverage() -> None:
    said = assess(rows("PPP PPP PPN"), ())
    assert (said.score, said.best_case, said.coverage) == (100.0, 100.0, 100.0)
    assert said.megabus_match == MegabusMatch(matched=0, cleared=8, unknown=0)
    assert assess(rows("FPP PPP PPN"), ()).score == 79.2  # 76 of 96


def test_nothing_applicable_says_nothing() -> None:
    said = assess(rows("NNN NNN NNN"), ())
    assert (said.score, said.coverage, said.grade) == (0.0, 0.0, Grade.U)
    assert (said.best_case, said.worst, said.best) == (100.0, Grade.F, Grade.A)


def test_too_little_applicable_weight_gives_no_letter() -> None:
    assert assess(rows("NNP PPP PPN"), ()).grade is Grade.A  # 60 of 100
    assert assess(rows("NNP PNP PPP"), ()).grade is Grade.U  # 52 of 100


def test_coverage_of_exactly_sixty_gives_a_letter() -> None:
    assert (assess(rows("PPP PUU UUU"), ()).coverage, assess(rows("PPP PUU UUU"), ()).grade) == (
        60.0,
        "C",
    )
    said = assess(rows("PPU PNU UUP"), ())  # 52 of 88
    assert (said.coverage, said.grade) == (59.1, "U")


def test_an_error_of_ours_counts_as_unknown() -> None:
    with_error, with_unknown = assess(rows("PXP PPP PPP"), ()), assess(rows("PUP PPP PPP"), ())
    assert with_error == with_unknown
    assert with_error.best_case == 100.0
    assert with_error.megabus_match == MegabusMatch(matched=0, cleared=8, unknown=1)


@pytest.mark.parametrize("trigger", [t for t in CapTrigger if t is not CapTrigger.ATTESTED_ONLY])
def test_a_cap_clips_both_numbers_to_its_letter(trigger: CapTrigger) -> None:
    said = assess(rows("PPP PPP PPU"), [cap(trigger)])
    letter = CAP_GRADES[trigger]
    assert (said.score, said.best_case) == (CEILINGS[letter], CEILINGS[letter])
    assert (said.grade, said.worst, said.best) == (letter, letter, letter)
    assert said.caps == (cap(trigger),)


def test_the_heaviest_cap_rules_and_is_listed_first() -> None:
    drill = cap(CapTrigger.DRILL_FAILED)
    said = assess(rows("PPP PPP PPP"), [drill, OPEN_DATA, OPEN_LISTING, drill])
    assert said.score == 19.0
    assert said.caps == (OPEN_DATA, OPEN_LISTING, drill)


def test_a_stale_cap_holds_like_a_fresh_one() -> None:
    said = assess(rows("UUU UUU UUU"), [cap(CapTrigger.OPEN_PERSONAL_DATA, stale=True)])
    assert (said.grade, said.best_case, said.caps[0].stale) == (Grade.F, 19.0, True)


def test_only_a_cap_to_f_gives_a_letter_where_little_is_decided() -> None:
    assert assess(rows("FUU UUU UUU"), [OPEN_LISTING]).grade is Grade.U
    assert assess(rows("FUU UUU UUU"), [OPEN_DATA]).grade is Grade.F


def test_passes_on_paper_alone_fire_their_own_cap_on_the_heaviest_row() -> None:
    said = assess(rows("UUD DUU UUD"), (), at=SINCE)
    assert said.caps == (
        Cap(
            trigger=CapTrigger.ATTESTED_ONLY,
            grade=Grade.D,
            reason=CAP_REASONS[CapTrigger.ATTESTED_ONLY],
            failure=FailureId.PLAINTEXT_TRANSPORT,
            vantage=PAPERS,
            since=SINCE,
        ),
    )


def test_the_paper_cap_leaves_the_best_case_open_while_a_row_can_still_be_observed() -> None:
    assert assess(rows("UDD DDD DDD"), ()).best_case == 68.0
    assert assess(rows("FDD DDD DDD"), ()).best_case == 48.0
    assert assess(rows("DDD DDD DDD"), ()).best_case == 59.0


@pytest.mark.parametrize("letters", ["PDD DDD DDD", "EDD DDD DDD", "FUU UUU UUU", "UUU UUU UUU"])
def test_one_better_pass_or_none_at_all_fires_no_paper_cap(letters: str) -> None:
    assert assess(rows(letters), ()).caps == ()


def test_a_remembered_paper_cap_keeps_its_moment_but_is_judged_anew() -> None:
    remembered = cap_of(CapTrigger.ATTESTED_ONLY, FailureId.OPEN_ZONE, PAPERS, SINCE, True)
    still = assess(rows("DDD DDD DDD"), [remembered], at="2031-04-01T02:00:00Z")
    assert [(each.since, each.stale) for each in still.caps] == [(SINCE, False)]
    assert assess(rows("PDD DDD DDD"), [remembered]).caps == ()


@pytest.mark.parametrize(
    ("letters", "before", "after", "number"),
    [
        ("PPP PPP PPP", "A", "B", 89.0),
        ("FPP PPP PPP", "B", "C", 74.0),
        ("FFP PPP PPP", "C", "D", 59.0),
        ("FFF PPP PPP", "D", "E", 39.0),
        ("FFF FFP PPP", "E", "F", 19.0),
        ("FFF FFF FPP", "F", "F", 10.0),
    ],
)
def test_an_ignored_warning_takes_one_letter(
    letters: str, before: str, after: str, number: float
) -> None:
    assert assess(rows(letters), ()).grade == before
    said = assess(rows(letters), (), lowered_because="open for 31 days")
    assert (said.grade, said.worst, said.best, said.score) == (after, after, after, number)
    assert said.letter_lowered == "open for 31 days"


def test_an_ignored_warning_lowers_the_best_case_by_its_own_letter() -> None:
    said = assess(rows("PUP UUU UUU"), (), lowered_because="warning W-1")
    assert (said.grade, said.worst, said.best) == ("U", "F", "B")
    assert (said.score, said.best_case) == (19.0, 89.0)


def test_the_warning_is_counted_after_the_caps() -> None:
    said = assess(rows("PPP PPP PPP"), [OPEN_LISTING], lowered_because="warning W-1")
    assert (said.grade, said.score) == ("E", 39.0)


def test_numbers_are_rounded_to_one_decimal() -> None:
    assert assess(rows("PPP PFP PPN"), ()).score == 87.5
    assert assess(rows("FPP PPP NPP"), ()).score == 78.3  # 72 of 92 = 78.26
    assert assess(rows("FFP PPP NPP"), ()).score == 60.9  # 56 of 92 = 60.87


@pytest.mark.parametrize(
    ("exact", "shown"),
    [("89.96", 89.9), ("74.95", 74.9), ("59.999", 59.9), ("88.96", 89.0), ("90", 90.0)],
)
def test_no_number_is_rounded_up_to_a_letter_it_does_not_reach(exact: str, shown: float) -> None:
    assert _shown(Fraction(exact)) == shown


@pytest.mark.parametrize("missing", list(FailureId))
def test_a_missing_or_doubled_row_is_refused(missing: FailureId) -> None:
    eight = [each for each in rows("PPP PPP PPP") if each.id is not missing]
    with pytest.raises(ValueError, match="once each"):
        assess(eight, ())
    with pytest.raises(ValueError, match="once each"):
        assess([*eight, eight[0]], ())
    with pytest.raises(ValueError, match="once each"):
        assess([*rows("PPP PPP PPP"), eight[0]], ())


def test_no_rows_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="given: none"):
        assess([], ())


def test_the_match_leaves_out_what_is_not_applicable() -> None:
    assert megabus_match(rows("FFP EKD UXN")) == MegabusMatch(matched=2, cleared=4, unknown=2)


def test_every_trigger_has_its_letter_and_its_reason() -> None:
    for trigger in CapTrigger:
        made = cap_of(trigger, FailureId.CLEAR_STORAGE, "dmz", SINCE, True)
        assert (made.grade, made.reason) == (CAP_GRADES[trigger], CAP_REASONS[trigger])
        assert (made.failure, made.vantage, made.since) == (FailureId.CLEAR_STORAGE, "dmz", SINCE)
        assert made.stale


@pytest.mark.parametrize(
    ("classes", "open_to_all", "severity"),
    [
        ({DataClass.HEALTH}, True, BreachSeverity(score=5.0, level="very high")),
        ({DataClass.HEALTH}, False, BreachSeverity(score=4.5, level="very high")),
        ({DataClass.SECRET}, True, BreachSeverity(score=4.0, level="very high")),
        ({DataClass.SECRET}, False, BreachSeverity(score=3.5, level="high")),
        ({DataClass.PERSONAL}, True, BreachSeverity(score=3.0, level="high")),
        ({DataClass.PERSONAL}, False, BreachSeverity(score=2.5, level="medium")),
        (set(DataClass), True, BreachSeverity(score=5.0, level="very high")),
        (set(), True, None),
    ],
)
def test_the_severity_of_a_breach_follows_the_worst_class(
    classes: set[DataClass], *, open_to_all: bool, severity: BreachSeverity | None
) -> None:
    assert enisa_severity(classes, open_to_all=open_to_all) == severity
