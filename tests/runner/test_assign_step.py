"""The step ``assign``: a property of a driver is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from sequencer.vocabulary.attribute import set_known
from tests.runner.test_judgements import run

SUPPLY = """
class Output:
    on = False

class Supply:
    def __init__(self):
        self.output = Output()
        self._volts = 0.0

    @property
    def volts(self):
        return self._volts

    @volts.setter
    def volts(self, value):
        if value > 30:
            raise ValueError("beyond 30 V")
        self._volts = value

class Copy(Supply, metaclass=type):
    pass
"""

SEQUENCE = """
name: Assigns
drivers: {supply: supply.Supply, copy: {use: supply.Copy, scope: stand}}
modules:
  main:
    cases:
      sets:
        steps:
          - {assign: supply.volts, value: "${{ 2.5 * 2 }}"}
          - {assign: supply.output.on, value: true}
          - {call: supply.output.on, save: on}
          - {check: on}
          - {measure: Output, call: supply.volts, limits: [5, 5]}
      refused: {steps: [{assign: supply.volts, value: 31, error_code: 4}]}
      unknown: {steps: [{assign: copy.vlots, value: 3}]}
"""


def test_a_property_is_set(tmp_path: Path) -> None:
    """With a value of an expression; what the driver raises, and a name it does not have, is an error of the case."""
    (tmp_path / "supply.py").write_text(SUPPLY)
    cases = run(tmp_path, SEQUENCE)
    assert cases["sets"]["status"] == "passed"
    (refused,) = cases["refused"]["attempts"][0]["failures"]
    assert (refused["kind"], refused["error_code"], refused["call"]) == ("error", 4, "supply.volts")
    assert "beyond 30 V" in refused["message"]
    (unknown,) = cases["unknown"]["attempts"][0]["failures"]
    assert unknown["kind"] == "error"
    assert "'Copy' object has no attribute 'vlots'" in unknown["message"]


def test_an_object_that_knows_its_attributes_only_when_asked_is_not_refused() -> None:
    """One with ``__setattr__`` or ``__getattr__`` of its own decides by itself; a property is not read for that."""

    class Dynamic:
        def __getattr__(self, name: str) -> object:
            raise AttributeError(name)

    class Asking:
        read = False

        @property
        def volts(self) -> float:
            self.read = True
            return 1.0

        @volts.setter
        def volts(self, value: float) -> None:
            pass

    dynamic, asking = Dynamic(), Asking()
    set_known(dynamic, "volts", 5)
    assert vars(dynamic) == {"volts": 5}
    set_known(asking, "volts", 5)
    assert not asking.read
    with pytest.raises(AttributeError, match="'Asking' object has no attribute 'vlots'"):
        set_known(asking, "vlots", 5)
