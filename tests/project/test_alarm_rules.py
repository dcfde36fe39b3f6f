"""``[[alarms]]``: what can be watched, and what is said of one that cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.figures.scope import COLUMNS
from sequencer.project.alarm_rules import SPLITS, AlarmCondition, AlarmWindow, read_condition, read_window
from sequencer.project.settings_reader import SettingsReading, read_settings


def read(alarm: str, more: str = "") -> SettingsReading:
    """A configuration with this alarm."""
    return read_settings(f'[[alarms]]\nname = "A"\n{alarm}\n{more}', "hardseq.toml", {})


def told(reading: SettingsReading) -> list[str]:
    """Line, column and message of each problem."""
    return [f"{found.place.line}:{found.place.column} {found.message}" for found in reading.problems]


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        ("first_pass_yield < 0.95", AlarmCondition("first_pass_yield", 0.95)),
        ("yield<=95%", AlarmCondition("yield", 0.95, True)),
        ("cpk < 1.33", AlarmCondition("cpk", 1.33)),
        ("same_failure >= 3", AlarmCondition("same_failure", 3.0, True)),
        ("silent > 5 min", AlarmCondition("silent", 300.0)),
        (" nelson ", AlarmCondition("nelson")),
    ],
)
def test_a_condition_is_read(written: str, condition: AlarmCondition) -> None:
    """As the docs write it, with and without blanks."""
    assert read_condition(written) == condition


def test_a_bound_is_met_only_where_it_is_part_of_it() -> None:
    """A yield of exactly 95 % is not below 95 %."""
    assert [read_condition(f"yield {sign} 0.95").holds(0.95) for sign in ("<", "<=")] == [False, True]
    assert [read_condition("same_failure >= 3").holds(number) for number in (2.0, 3.0, 4.0)] == [False, True, True]
    assert [read_condition("silent > 5 min").holds(seconds) for seconds in (300.0, 301.0)] == [False, True]


@given(st.text(max_size=30) | st.from_regex(r"[a-z_]{2,12} ?[<>]=? ?[0-9.]{1,4} ?(%|min)?"))
def test_anything_else_is_refused_in_words(written: str) -> None:
    """Whatever is written is read or refused with a sentence that says how it would be right."""
    for read_one in (read_condition, read_window):
        try:
            read_one(written)
        except ValueError as error:
            assert str(error)


def test_a_window_is_a_number_of_runs_or_a_time() -> None:
    """Both have at least one."""
    assert read_window("50 runs") == AlarmWindow(runs=50)
    assert read_window("8h") == AlarmWindow(seconds=28_800.0)
    for wrong in ("0 runs", "runs", "-1 h", "5"):
        with pytest.raises(ValueError, match="a number of runs or a time"):
            read_window(wrong)


@pytest.mark.parametrize(
    ("alarm", "problem"),
    [
        ('when = "yeld < 0.9"\nover = "50 runs"', "3:8 `when` must be a condition on one of yield,"),
        ('when = "yield < 95"\nover = "50 runs"', "3:8 `when` must be as `yield < 0.95`"),
        ('when = "same_failure >= 1"', "3:8 `when` must be as `same_failure >= 3`"),
        ('when = "silent > 5"', "3:8 `when` must be as `silent > 5 min`"),
        ('when = "cpk < 1.33"', "3:8 `cpk` needs `over`"),
        ('when = "cpk < 1.33"\nover = "soon"', "4:8 `over` must be a number of runs or a time"),
        ('when = "silent > 5 min"\nover = "8 h"', "4:1 `over` is not for `silent`"),
        ('when = "silent > 5 min"\nblock = true', "4:1 `block` is not for `silent`"),
        ('when = "same_failure >= 3"\nby = ["colour"]', "4:7 each of `by` must be one of"),
        ('when = "same_failure >= 3"\ntell = ["webhook"]', "4:8 `webhook` needs `url` in [webhook]"),
        ('over = "50 runs"', "1:3 `when` is missing"),
        ('when = "same_failure >= 3"\n[[alarms]]\nname = "A"\nwhen = "nelson"\nover = "8 h"', "5:8 there are"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(alarm: str, problem: str) -> None:
    """`hardseq check` shows the line with a caret; a wrong alarm is never watched as something else."""
    reading = read(alarm)
    assert any(line.startswith(problem) for line in told(reading)), told(reading)
    assert any(found.severity == "error" for found in reading.problems)


def test_a_whole_configuration_is_read_and_its_secrets_are_kept() -> None:
    """The address of a webhook is a secret: it often has one in it."""
    more = """
    [webhook]
    url = "https://hooks.example/T0/secret"
    [mail]
    host = "mail.example"
    sender = "line@example.com"
    recipients = ["shift@example.com"]
    """
    reading = read('when = "first_pass_yield < 0.95"\nover = "50 runs"\ntell = ["panel", "webhook", "mail"]', more)
    assert reading.problems == ()
    (alarm,) = reading.settings.alarms
    assert (alarm.condition.bound, alarm.window.runs, alarm.tell) == (0.95, 50, ("panel", "webhook", "mail"))
    assert "secret" not in repr(reading.settings)
    assert "https://hooks.example/T0/secret" in reading.secrets


def test_alarms_are_told_apart_by_what_figures_are() -> None:
    """Each name that an alarm may be split by is one of the figures'."""
    assert set(SPLITS) <= set(COLUMNS)
