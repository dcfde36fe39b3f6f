"""Facts about this computer, and what a report means for the command's exit code."""

from __future__ import annotations

import platform
import time
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code
from sequencer.runner.host import host_facts, operating_system


def test_the_host_tells_who_it_is() -> None:
    """Every fact is there and is a text."""
    facts = host_facts()
    assert set(facts) == {"name", "id", "os", "python", "timezone"}
    assert all(isinstance(value, str) and value for value in facts.values())


def test_the_operating_system_is_named_as_python_names_it() -> None:
    """Without its starting a program for the name of a processor that is the machine's, or not known."""
    here = platform.uname()
    processor = f"-{here.processor}" if here.processor not in ("", here.machine) else ""
    assert operating_system() == platform.platform(terse=True).replace(processor, "", 1 if processor else 0)


def test_the_time_zone_may_be_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an IANA name."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert host_facts()["timezone"] == "Europe/Berlin"


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system has no TZ")
@pytest.mark.parametrize(
    ("written", "told"),
    [
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("UTC", "UTC"),
        ("<+0330>-3:30", "UTC+03:30"),
        ("XYZ5", "UTC-05:00"),
        ("Nonsense/Zone", "UTC"),
    ],
)
def test_a_time_zone_without_a_name_is_told_as_its_offset(
    monkeypatch: pytest.MonkeyPatch, written: str, told: str
) -> None:
    """The report's time zone is the one in which times are shown, and no other machine's."""
    monkeypatch.setenv("TZ", written)
    time.tzset()
    try:
        assert host_facts()["timezone"] == told
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("status", "step", "stored", "code"),
    [
        ("passed", None, True, 0),
        ("failed", None, True, 1),
        ("error", "close driver", True, 1),
        ("skipped", None, True, 1),
        ("stopped", None, True, 3),
        ("error", "open driver", True, 4),
        ("error", "journal", True, 4),
        ("passed", None, False, 4),
    ],
)
def test_each_end_of_a_run_has_its_exit_code(status: str, step: str | None, stored: bool, code: int) -> None:
    """0 only for a run that passed and was stored."""
    report: Any = {"status": status, "failures": [] if step is None else [{"step": step}]}
    assert exit_code(report, stored=stored) == code
