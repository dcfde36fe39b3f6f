"""What alarms see in the figures: planted histories, each with what is so in it and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from sequencer.alarms.told import page_of, sentence_of
from sequencer.alarms.values import AlarmValue, silent_stands, values
from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.project.settings import AlarmSettings
from sequencer.store.stands import StandDocuments
from tests.figures.history import MONDAY, Case, Feed, Run, report_of

LIMITS = [4.0, 6.0]


def runs(statuses: str, *, start: float = MONDAY, **about: str | None) -> Iterator[Run]:
    """Units one after the other, a minute each: ``p`` passed, ``f`` failed at the rail, ``g`` at the gain; then capital
    letters: the same unit again."""
    unit = 0
    for place, letter in enumerate(statuses):
        unit += letter.islower()
        kind = letter.lower()
        cases = tuple(
            Case(f"m::{name}", status="failed" if kind == name[0] else "passed", title=name.upper())
            for name in ("fail_rail", "gain")
        )
        given = {"serial_number": f"SN{unit:04d}", **about}
        yield Run(start=start + 60 * place, status="passed" if kind == "p" else "failed", cases=cases, **given)  # type: ignore[arg-type]


def seen(alarm: AlarmSettings, history: Sequence[Run], now: float = MONDAY + 86_400) -> list[AlarmValue]:
    """What the alarm sees of these runs."""
    with FiguresIndex(None) as index:
        follow(index, Feed([report_of(run.named(number)) for number, run in enumerate(history)]))  # type: ignore[arg-type]
        return values(index.ask, alarm, now)


def alarm(when: str, over: str | None = None, *by: str) -> AlarmSettings:
    """An alarm that watches this."""
    return AlarmSettings(name="A", when=when, over=over, by=by)


def test_a_yield_is_that_of_the_newest_runs() -> None:
    """What failed long ago does not count, nothing is said before there are so many, and each split is by itself."""
    low = alarm("yield < 0.9", "10 runs", "part_number")
    history = [
        *runs("ffffffff" + "p" * 10, part_number="OLD"),
        *runs("pppppppffp", part_number="NEW"),
        *runs("fffffffff", part_number="FEW"),
    ]
    found = {value.subject["part_number"]: value for value in seen(low, history)}
    assert {name: (value.value, value.n, value.holds) for name, value in found.items()} == {
        "OLD": (1.0, 10, False),
        "NEW": (0.8, 10, True),
    }
    assert str(sentence_of(low, found["NEW"])) == "the yield of 10 runs is 80%, the alarm is at 90%: NEW"
    assert page_of(low, found["NEW"]) == "/overview?part_number=NEW"


@pytest.mark.parametrize(
    ("when", "value"), [("yield < 0.9", 10 / 14), ("first_pass_yield < 0.9", 0.6), ("final_yield < 0.9", 1.0)]
)
def test_runs_and_units_are_told_apart(when: str, value: float) -> None:
    """Four of ten units pass in their second run: all of them pass in the end."""
    (found,) = seen(alarm(when, "14 runs" if when.startswith("yield") else "10 runs"), [*runs("fPfPfPfPpppppp")])
    assert found.value == pytest.approx(value)
    assert found.holds is (value < 0.9)


def test_a_yield_over_a_time_needs_some_runs() -> None:
    """A single failure in the morning is no yield of nothing."""
    low = alarm("yield < 0.9", "1 h")
    history = [*runs("f" * 30), *runs("p" * 19 + "f", start=MONDAY + 80_000)]
    assert [(one.value, one.n) for one in seen(low, history, MONDAY + 80_000 + 1800)] == [(0.95, 20)]
    assert seen(low, history[:-1], MONDAY + 80_000 + 1800) == []


def measured(numbers: Sequence[float], **about: str) -> list[Run]:
    """A run for each value of the rail."""
    given = [
        Run(
            start=MONDAY + 60 * place,
            serial_number=f"SN{place}",
            cases=(Case("m::rail", measured=(("Rail", number, "V", LIMITS),)),),
        )
        for place, number in enumerate(numbers)
    ]
    return [replace(run, **about) for run in given]  # type: ignore[arg-type]


def test_a_capability_is_that_of_each_measurement() -> None:
    """The newest values drift to the limit: their Ppk is low, that of all is not asked for."""
    quiet = [5.0 + 0.1 * (-1) ** place for place in range(40)]
    low = alarm("ppk < 1.33", "30 runs")
    (well,) = seen(low, measured(quiet))
    assert not well.holds
    (found,) = seen(low, measured(quiet + [number + 0.8 for number in quiet]))
    assert (found.holds, found.n) == (True, 30)
    assert found.subject == {"sequence": "Board test", "case": "m::rail", "measurement": "Rail", "unit": "V"}
    told = str(sentence_of(low, found))
    assert told.startswith("Ppk of m::rail: Rail is 0.6")
    assert told.endswith("over 30 values, the alarm is at 1.33: all runs")
    assert page_of(low, found).startswith("/measurements/one?sequence=Board+test&case=m%3A%3Arail&measurement=Rail")


def test_a_pattern_of_a_control_chart_is_one_of_the_newest_values() -> None:
    """A value far out raises it; some values later it is over."""
    steady = [5.0 + 0.1 * (-1) ** place for place in range(60)]
    rule = alarm("western_electric", "100 runs")
    (found,) = seen(rule, measured([*steady, 7.5, 5.1]))
    assert (found.holds, found.title, found.value) == (True, "western_electric_1", 7.5)
    assert "Western Electric 1" in str(sentence_of(rule, found))
    (later,) = seen(rule, measured([*steady, 7.5, *steady[:10]]))
    assert not later.holds


@pytest.mark.parametrize(
    ("history", "holds"),
    [
        ("pppfff", True),
        ("ff", None),
        ("pppffp", False),
        ("pppffg", False),
        ("pppffF", False),  # twice the same unit
        ("pppfffP", False),  # its second run passed
        ("fpffPff", False),
        ("gggfff", True),
    ],
)
def test_the_same_failure_is_that_of_units_in_a_row(history: str, holds: bool | None) -> None:
    """Three different units, each by its newest run, fail in the same case."""
    found = seen(alarm("same_failure >= 3"), [*runs(history)])
    assert [value.holds for value in found] == ([] if holds is None else [holds])
    if holds:
        assert str(sentence_of(alarm("same_failure >= 3"), found[0])) == (
            "3 units in a row failed in FAIL_RAIL: all runs"
        )


def test_units_in_a_row_are_those_of_a_stand() -> None:
    """Two stands side by side: only on one of them three in a row fail, though never three in a row of both."""
    one, other = runs("pfff", stand="A"), runs("pppp", stand="B", part_number="X", start=MONDAY + 30)
    found = seen(alarm("same_failure >= 3", None, "stand"), sorted([*one, *other], key=lambda run: run.start))
    assert {value.subject["stand"]: value.holds for value in found} == {"A": True, "B": False}
    assert next(value for value in found if value.holds).since == MONDAY + 60


def test_a_silent_stand_is_one_that_had_to_speak() -> None:
    """One that was switched off says nothing either."""
    quiet = alarm("silent > 5 min")
    known = StandDocuments()
    for name, closed in (("A", False), ("B", True)):
        document = {"_id": f"live:{name}, panel", "type": "stand", "stand": name, "state": "ready", "closed": closed}
        known.take({**document, "updated": MONDAY}, MONDAY, new=True)
    for seconds, holds in ((300, False), (301, True)):
        found = silent_stands(quiet, known.stands(MONDAY + seconds), MONDAY + seconds)
        assert [(value.subject["stand"], value.holds) for value in found] == [("A", holds), ("B", False)]
    assert str(sentence_of(quiet, found[0])) == "the stand A has been silent for 5 minutes"
    assert page_of(quiet, found[0]) == "/stands"
