"""What a sequence requires of its instruments: checked before the first case, and told in the report."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from sequencer.app.exit_codes import exit_code
from sequencer.protocol.request import StartRequest

METER = """
from bench import Bench, log

class Meter(Bench):
    idn_text = "KEYSIGHT,34465A,MY1,A.02"

    def __init__(self, identity=None, **rest):
        super().__init__(**rest)
        self.identity = identity or self.idn_text

    def identify(self):
        log("identify")
        if self.identity == "mute":
            raise TimeoutError("no answer to *IDN?")
        return self.identity

class Attribute(Bench):
    idn = b"KEYSIGHT,34465A,MY2,A.03\\n"

class Foreign(Bench):
    id = "KEYSIGHT,34465A,MY3,A.04"

class Nothing(Bench):
    identify = None
"""
OVERDUE = "2020-01-31"


def test_the_word_of_other_packages(project: Any, meter: Callable[..., Any], execute: Callable[..., Any]) -> None:
    """An `id` is asked for where an identity is required, and only there: it may be any other number."""
    meter(require={"idn": "MY3"}, target="Foreign")
    assert execute().report["instruments"][0]["serial_number"] == "MY3"
    meter(require={"calibration_due": "2999-01-31"}, target="Foreign")
    assert "serial_number" not in execute().report["instruments"][0]


@pytest.fixture
def meter(project: Any) -> Callable[..., Any]:
    """Declares the driver ``bench`` as a meter, with a case that uses it and a teardown."""
    (project.folder.parent / "drivers" / "meter.py").write_text(METER)
    p = project
    p.module("main", p.case("first", p.call("log", "'first'")), p.case("second", drivers=""))
    p.module("end", p.case("off", p.call("log", "'off'")), group="teardown")

    def declare(**how: Any) -> None:
        p.driver("bench", **{"file": "../drivers/meter.py", "target": "Meter", **how})

    return declare


def test_the_right_instrument_is_recorded_once(
    project: Any, meter: Callable[..., Any], execute: Callable[..., Any], plain: Any
) -> None:
    """It is opened once, asked before the first case, and stands in the report; the day itself is still fine."""
    today = str(date.today())
    meter(require={"idn": "^KEYSIGHT.*,34465A", "calibration_due": today})
    outcome = execute()
    assert outcome.report["status"] == "passed"
    assert project.logged == ["open bench", "identify", "first", "off", "close bench"]
    assert outcome.report["instruments"] == [
        {
            "name": "bench",
            "part_number": "34465A",
            "serial_number": "MY1",
            "revision": "A.02",
            "info": {"maker": "KEYSIGHT", "calibration_due": today},
        }
    ]
    assert plain().returncode == 0


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"require": {"idn": "^FLUKE"}},
            "expected an instrument that matches '^FLUKE', found 'KEYSIGHT,34465A,MY1,A.02'",
        ),
        (
            {"require": {"calibration_due": OVERDUE}},
            f"; it was due on {OVERDUE}",
        ),
        ({"require": {"calibration_due": "${{ params.cal }}"}}, "`calibration_due` 'soon' must be a date"),
        ({"require": {"idn": "K"}, "arguments": {"identity": "mute"}}, "TimeoutError: no answer to *IDN?"),
        ({"require": {"idn": "K"}, "target": "Nothing"}, "its identity is not known: it has no `identify()`"),
    ],
)
def test_the_wrong_instrument_ends_the_run_with_4(
    project: Any, meter: Callable[..., Any], execute: Callable[..., Any], how: dict[str, Any], message: str
) -> None:
    """Nothing but teardown runs, and the failure names the driver, what was expected and what was found."""
    project.sequence(params={"cal": {"type": "string", "default": "soon"}})
    meter(**how)
    outcome = execute()
    assert outcome.statuses == {"main::first": "skipped", "main::second": "skipped", "end::off": "passed"}
    (failure,) = outcome.report["failures"]
    assert failure["message"].startswith("the driver 'bench' does not meet its requirements: ")
    assert message in failure["message"]
    assert failure["place"] == "s.yaml:bench"
    assert outcome.report["status"] == "error"
    assert exit_code(outcome.report) == 4
    assert "first" not in project.logged
    assert project.logged[-2:] == ["off", "close bench"]


def test_the_stand_knows_better(project: Any, meter: Callable[..., Any], execute: Callable[..., Any]) -> None:
    """Its date wins and is no argument of the constructor; it counts also where the sequence requires nothing."""
    meter(require={"calibration_due": OVERDUE})
    stand = {"bench": {"name": "stand", "require": {"calibration_due": "2999-01-01"}}}
    outcome = execute(drivers=stand)
    assert outcome.report["status"] == "passed"
    assert outcome.report["instruments"][0]["info"]["calibration_due"] == "2999-01-01"
    assert project.logged[0] == "open stand"
    meter()
    assert exit_code(execute(drivers={"bench": {"require": {"calibration_due": OVERDUE}}}).report) == 4


def test_a_simulated_instrument_is_the_right_one(meter: Callable[..., Any], execute: Callable[..., Any]) -> None:
    """At a desk nothing is compared; what the stand-in says is recorded and marked."""
    simulated = {"file": "../drivers/meter.py", "target": "Attribute", "arguments": {}}
    meter(require={"idn": "^FLUKE", "calibration_due": OVERDUE}, simulate=simulated)
    outcome = execute(simulate=True)
    assert outcome.report["status"] == "passed"
    (entry,) = outcome.report["instruments"]
    assert entry["serial_number"] == "MY2"
    assert entry["comment"] == "simulated"
    meter(require={"idn": "^FLUKE"})
    assert exit_code(execute(simulate=True).report) == 4  # without a stand-in it is the real one


def test_only_what_the_selection_uses_is_looked_at(
    project: Any, meter: Callable[..., Any], execute: Callable[..., Any]
) -> None:
    """A driver of cases that are not selected stays closed."""
    meter()
    project.driver("other", arguments={"name": "other"}, require={"idn": "nothing has this"})
    project.module("more", project.case("with_other", drivers="other"))
    assert execute(only=["main::second"]).report["status"] == "passed"
    assert "open other" not in project.logged
    outcome = execute()
    assert exit_code(outcome.report) == 4
    assert project.logged[-5:] == ["open other", "open bench", "off", "close bench", "close other"]


def test_drivers_of_a_shorter_life_are_closed_after_the_look(
    project: Any, meter: Callable[..., Any], execute: Callable[..., Any]
) -> None:
    """A driver of case scope is opened for the look, and again for its cases."""
    meter(fixture_scope="function", scope="case", require={"idn": "KEYSIGHT"})
    assert execute(only=["main::first"]).report["status"] == "passed"
    once = ["open bench", "identify", "close bench"]
    assert project.logged == [*once, "open bench", "first", "close bench", "open bench", "off", "close bench"]


def test_all_that_is_wrong_is_told_at_once(
    project: Any, meter: Callable[..., Any], execute: Callable[..., Any]
) -> None:
    """A driver that cannot open does not keep the others from being looked at."""
    meter(require={"idn": "^FLUKE"})
    project.driver("dead", arguments={"fail_open": "nobody there"}, require={"idn": "X"})
    project.module("more", project.case("with_dead", drivers="dead"))
    messages = [failure["message"] for failure in execute().report["failures"]]
    assert len(messages) == 2
    assert "'bench' does not meet" in messages[0]
    assert "'dead' could not be opened: ConnectionError: nobody there" in messages[1]


def test_a_stop_cuts_the_look_short(project: Any, meter: Callable[..., Any], make_run: Callable[..., Any]) -> None:
    """A bench that does not come up can be stopped like a case: the run is stopped, and no failure of the driver's."""
    source = "import time\nfrom bench import log\n\nclass Never:\n    def __init__(self):\n        log('opening')\n"
    source += "        time.sleep(60)\n"
    (project.folder.parent / "drivers" / "never.py").write_text(source)
    meter()
    project.driver("never", file="../drivers/never.py", target="Never", require={"idn": "X"})
    project.module("more", project.case("with_never", drivers="never"))
    run = make_run()
    run.start(StartRequest())
    end = time.monotonic() + 30
    while project.logged != ["opening"]:
        assert time.monotonic() < end
        time.sleep(0.01)
    run.stop("enough")
    report = run.wait(30)
    assert report["status"] == "stopped"
    assert report["failures"] == []
    assert project.logged == ["opening", "open bench", "off", "close bench"]
