from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from sequencer.language.read import ReadResult, read_sequence
from sequencer.steps.for_each import ForEachStep
from sequencer.steps.measure import MeasureStep
from sequencer.steps.set import SetStep
from sequencer.steps.use import UseStep
from sequencer.vocabulary.model import Case, Param, SequenceDefinition, StepRetry

HEAD = "name: Example\n"
DRIVER = """
class Meter:
    def __init__(self, address=None): ...
    def voltage(self, point=None): ...
    def reset(self): ...
    @property
    def identity(self): ...

class Simulated:
    def __init__(self, seed=0): ...
    def voltage(self, point=None): ...
    def reset(self): ...
    @property
    def identity(self): ...

def blink(times): ...
"""


def read(folder: Path, text: str, **files: str) -> ReadResult:
    """Reads ``text`` as ``sequences/a.yaml`` of a project in ``folder``."""
    for name, content in {"drivers/bench.py": DRIVER, **files, "sequences/a.yaml": text}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return read_sequence(folder / "sequences" / "a.yaml", project=folder)


def built(folder: Path, text: str, **files: str) -> SequenceDefinition:
    """The sequence of a text that must be without errors."""
    reading = read(folder, text, **files)
    assert reading.sequence is not None, reading.problems
    return reading.sequence


def cases(sequence: SequenceDefinition) -> dict[str, Case]:
    return {case.full_name: case for module in sequence.modules for case in module.cases}


def only_case(folder: Path, header: str = "", case: str = "steps: [{wait: 1 s}]", module: str = "") -> Case:
    text = f"{HEAD}{header}\nmodules:\n  m:\n    {module or 'name: M'}\n    cases:\n      c: {{{case}}}\n"
    (found,) = cases(built(folder, text)).values()
    return found


def test_everything_of_a_sequence_reaches_the_model(tmp_path: Path) -> None:
    """The top level is found in the frozen model, texts as written."""
    sequence = built(
        tmp_path,
        """
name: Power board
version: 1.10
description: For people.
on_fail: stop
drivers:
  meter: {use: bench.Meter, with: {address: "${{ params.address }}"}, scope: stand, simulate: bench.Simulated}
  other: {use: bench.Meter, simulate: {use: bench.Simulated, with: {seed: 3}}}
  blink: bench.blink
params:
  address: {default: 0012, prompt: Address}
  count: {type: integer, min: 1, max: 5, one_of: [1, 5]}
vars: {nominal: 5.0, lower: "${{ nominal * 0.9 }}"}
dut: {serial_number: 0012, info: {version: 1.10}}
modules:
  m: {cases: {c: {steps: [{call: meter.reset}, {call: other.reset}, {call: blink, with: {times: 3}}]}}}
after_run:
  - call: meter.voltage
    timeout: 3 s
""",
    )
    assert (sequence.name, sequence.version, sequence.description) == ("Power board", "1.10", "For people.")
    assert (sequence.file, sequence.on_fail) == ("sequences/a.yaml", "stop")
    meter, other, blink = sequence.drivers
    assert meter.file == str((tmp_path / "drivers" / "bench.py").resolve())
    assert (meter.module, meter.target, meter.is_class, meter.scope) == ("bench", "Meter", True, "stand")
    assert meter.arguments == {"address": "${{ params.address }}"}
    assert meter.simulate is not None and meter.simulate.arguments == {}
    assert other.simulate is not None and other.simulate.arguments == {"seed": 3}
    assert (blink.target, blink.is_class, blink.simulate) == ("blink", False, None)
    assert sequence.params == (
        Param(name="address", prompt="Address", default="0012", required=False),
        Param(name="count", type="integer", minimum=1, maximum=5, one_of=(1, 5)),
    )
    assert sequence.variables == {"nominal": 5.0, "lower": "${{ nominal * 0.9 }}"}
    assert sequence.record == {"dut": {"serial_number": "0012", "info": {"version": 1.1}}}
    assert sequence.after_run[0].timeout == 3.0
    assert str(tmp_path.resolve() / "drivers") in sequence.driver_folders


def test_the_hash_is_that_of_the_file_and_the_inputs_are_told(tmp_path: Path) -> None:
    """``sha256`` is the file's own; ``inputs`` has every file that a change of would matter."""
    text = (
        f"{HEAD}drivers: {{meter: bench.Meter}}\nmodules: {{m: {{cases: {{c: {{steps: [{{call: meter.reset}}]}}}}}}}}\n"
    )
    sequence = built(tmp_path, text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert sequence.sha256 == digest
    assert sequence.inputs == {
        str((tmp_path / "sequences" / "a.yaml").resolve()): digest,
        str((tmp_path / "drivers" / "bench.py").resolve()): hashlib.sha256(DRIVER.encode()).hexdigest(),
    }


def test_the_order_is_that_of_the_groups_then_of_the_file(tmp_path: Path) -> None:
    """Setup modules, main, teardown; within a module its setup cases first and its teardown cases last."""
    sequence = built(
        tmp_path,
        """
name: Order
modules:
  z: {group: teardown, cases: {a: {steps: [{wait: 1 s}]}}}
  main1:
    cases:
      late: {group: teardown, steps: [{wait: 1 s}]}
      b: {steps: [{wait: 1 s}]}
      a: {steps: [{wait: 1 s}]}
      early: {group: setup, steps: [{wait: 1 s}]}
  main2: {cases: {a: {steps: [{wait: 1 s}]}}}
  prepare: {group: setup, cases: {a: {steps: [{wait: 1 s}]}}}
""",
    )
    assert [module.id for module in sequence.modules] == ["prepare", "main1", "main2", "z"]
    assert [case.id for case in sequence.modules[1].cases] == ["early", "b", "a", "late"]
    assert [case.group for case in sequence.modules[1].cases] == ["setup", "main", "main", "teardown"]


def test_dependencies_are_resolved_to_cases(tmp_path: Path) -> None:
    """A module stands for its cases, ``::case`` for one of the same module, a module's own count for each case."""
    sequence = built(
        tmp_path,
        """
name: Dependencies
modules:
  a: {cases: {one: {steps: [{wait: 1 s}]}, two: {steps: [{wait: 1 s}]}}}
  b:
    depends: a
    cases:
      one: {steps: [{wait: 1 s}]}
      two: {depends: ["::one", "a::two"], steps: [{wait: 1 s}]}
""",
    )
    found = cases(sequence)
    assert found["b::one"].depends == ("a::one", "a::two")
    assert found["b::two"].depends == ("a::one", "a::two", "b::one")


@pytest.mark.parametrize(
    ("header", "module", "case", "expected"),
    [
        ("", "", "steps: [{wait: 1 s}]", (None, None, 1, 0.0)),
        ("defaults: {timeout: 2 s, attempts: {times: 3, delay: 100 ms}, on_fail: stop}", "", "steps: [{wait: 1 s}]",
         (2.0, "stop", 3, 0.1)),
        ("defaults: {timeout: 2 s, attempts: 3, on_fail: stop}", "timeout: 3 s\n    on_fail: continue",
         "steps: [{wait: 1 s}]", (3.0, "continue", 3, 0.0)),
        ("defaults: {timeout: 2 s, on_fail: stop}", "timeout: 3 s\n    on_fail: stop",
         "timeout: 4 s, on_fail: continue, attempts: 2, steps: [{wait: 1 s}]", (4.0, "continue", 2, 0.0)),
        ("on_fail: stop", "", "steps: [{wait: 1 s}]", (None, None, 1, 0.0)),
    ],
)  # fmt: skip
def test_the_nearest_says_what_holds(tmp_path: Path, header: str, module: str, case: str, expected: Any) -> None:
    """Case before module before ``defaults``; the sequence's own ``on_fail`` stays with the sequence."""
    found = only_case(tmp_path, header, case, module)
    assert (found.timeout, found.on_fail, found.attempts, found.attempt_delay) == expected


def test_a_module_shares_its_tags(tmp_path: Path) -> None:
    """Tags of module and case add up, each once."""
    found = only_case(tmp_path, module="tags: [slow, analog]", case="tags: [analog, new], steps: [{wait: 1 s}]")
    assert found.tags == ("slow", "analog", "new")
    assert only_case(tmp_path, case="tags: alone, steps: [{wait: 1 s}]").tags == ("alone",)


def test_names_fall_back_to_ids(tmp_path: Path) -> None:
    """Without a name, the id is the name."""
    assert only_case(tmp_path).name == "c"
    assert only_case(tmp_path, case="name: 5, steps: [{wait: 1 s}]").name == "5"


def test_conditions_are_kept_and_constants_decided(tmp_path: Path) -> None:
    """``if`` is an expression; ``true`` is none, ``false`` stays to skip."""
    assert only_case(tmp_path, case="if: ' 1 < 2 ', steps: [{wait: 1 s}]").when == "1 < 2"
    assert only_case(tmp_path, case="if: true, steps: [{wait: 1 s}]").when is None
    assert only_case(tmp_path, case="if: false, steps: [{wait: 1 s}]").when == "false"


def test_shared_keys_of_steps(tmp_path: Path) -> None:
    """Name, condition, timeout, retry, on_fail and error_code of a step are in the model, with defaults.on_fail."""
    step = "{call: meter.reset, name: Reset, if: attempt == 1, timeout: 500 ms, retry: {times: 3, delay: 1 s}"
    found = only_case(
        tmp_path,
        "drivers: {meter: bench.Meter}\ndefaults: {on_fail: continue}",
        f"steps: [{step}, error_code: 7}}, {{call: meter.reset, retry: 2, on_fail: stop}}, {{wait: 1 s}}]",
    )
    first, second, third = found.steps
    assert (first.name, first.when, first.timeout, first.error_code) == ("Reset", "attempt == 1", 0.5, 7)
    assert first.retry == StepRetry(times=3, delay=1.0)
    assert (first.on_fail, second.on_fail, second.retry) == ("continue", "stop", StepRetry(times=2))
    assert third.on_fail is None, "a wait has no on_fail"
    assert found.drivers == ("meter",)
    assert str(first.place) == "sequences/a.yaml:8:19"


def test_measurements_and_their_limits(tmp_path: Path) -> None:
    """Limits stay as written; measurements with limits are counted wherever they stand."""
    found = only_case(
        tmp_path,
        "drivers: {meter: bench.Meter}",
        "steps: [{measure: a, call: meter.voltage, with: {point: 5V}, unit: V, limits: [4.8, 5.2], save: a},"
        " {measure: b, value: '${{ a }}'}, {repeat: 2, steps: [{measure: 12, call: meter.identity, limits: {eq: x}}]}]",
    )
    assert found.limited and found.judges
    first = found.steps[0]
    assert isinstance(first, MeasureStep) and first.source is not None
    assert (first.measurement, first.unit, first.limits, first.save) == ("a", "V", [4.8, 5.2], "a")
    assert (str(first.source), first.source.arguments, first.source.attribute) == (
        "meter.voltage",
        {"point": "5V"},
        False,
    )
    inner = found.steps[2].steps[0]  # type: ignore[attr-defined]
    assert inner.measurement == "12"
    assert inner.source.attribute is True


def test_numbers_are_texts_where_texts_are_wanted(tmp_path: Path) -> None:
    """A number where a text belongs is the text that stands in the file; elsewhere it is a number."""
    found = only_case(
        tmp_path,
        case="steps: [{record: {dut: {serial_number: 0012, revision: 1.10, info: {a: 1.10}}, stand: {number: 2}}},"
        " {message: 1.50, key: 1e3}, {set: {x: 1.10}}]",
    )
    record, message, assignment = found.steps
    assert record.facts == {  # type: ignore[attr-defined]
        "dut": {"serial_number": "0012", "revision": "1.10", "info": {"a": 1.1}},
        "stand": {"number": 2},
    }
    assert (message.text, message.key) == ("1.50", "1e3")  # type: ignore[attr-defined]
    assert isinstance(assignment, SetStep) and assignment.variables == {"x": 1.1}


def test_loops_hold_their_steps(tmp_path: Path) -> None:
    """Nested steps are in the model, each with its own place."""
    found = only_case(tmp_path, case="steps: [{for_each: {i: [1, 2]}, steps: [{message: '${{ i }}'}]}]")
    loop = found.steps[0]
    assert isinstance(loop, ForEachStep)
    assert (loop.variable, loop.elements, len(loop.steps)) == ("i", [1, 2], 1)


def test_rows_become_cases(tmp_path: Path) -> None:
    """One case per row: its id, its name, its variables, its condition decided."""
    sequence = built(
        tmp_path,
        """
name: Rows
modules:
  m:
    cases:
      named:
        for_each: {rail: [3V3, 5V], load: [0.50, 1]}
        name: ${{ rail }} at ${{ load }} A
        if: rail == '5V'
        steps: [{message: "${{ rail }} ${{ load }}"}]
      same: {for_each: [{rail: 3V3, volts: 3.3}, {rail: 5V, volts: 5}], name: Rail, steps: [{check: volts > 1}]}
      unnamed: {for_each: {csv: tables/rails.csv}, depends: "::same[5V]", steps: [{check: volts > 1}]}
      all: {depends: "::named", steps: [{wait: 1 s}]}
""",
        **{"sequences/tables/rails.csv": "rail,volts,note\r\n0012,1.50,\r\n\r\n5V,5,x y\r\n"},
    )
    found = cases(sequence)
    assert list(found) == [
        *["m::named[3V3-0.50]", "m::named[3V3-1]", "m::named[5V-0.50]", "m::named[5V-1]"],
        *["m::same[3V3]", "m::same[5V]", "m::unnamed[0012]", "m::unnamed[5V]", "m::all"],
    ]
    assert (found["m::named[3V3-0.50]"].name, found["m::named[3V3-0.50]"].when) == ("3V3 at 0.5 A", "false")
    assert (found["m::named[5V-1]"].name, found["m::named[5V-1]"].when) == ("5V at 1 A", None)
    assert found["m::same[5V]"].name == "Rail [5V]"
    assert found["m::unnamed[0012]"].name == "unnamed[0012]"
    first = found["m::unnamed[0012]"].steps[0]
    assert isinstance(first, SetStep)
    assert first.variables == {"rail": "0012", "volts": 1.5, "note": None}
    assert found["m::unnamed[5V]"].depends == ("m::same[5V]",)
    assert len(found["m::all"].depends) == 4
    assert str((tmp_path / "sequences" / "tables" / "rails.csv").resolve()) in sequence.inputs


BLOCKS = """
name: Blocks
steps:
  rail:
    params: {rail: , tolerance: {default: 3%}}
    steps:
      - measure: ${{ rail }}
        value: 5.0
        limits: {nominal: 5.0, tolerance: "${{ tolerance }}"}
  bare: [{wait: 1 s}]
cases:
  identity:
    params: {serial: }
    name: Identity of ${{ serial }}
    timeout: 5 s
    depends: ::first
    steps: [{message: "${{ serial }}"}]
modules:
  off:
    params: {reason: {default: done}}
    name: Off
    group: teardown
    cases: {power: {name: "Off, ${{ reason }}", steps: [{message: "${{ reason }}"}]}}
"""


def test_blocks_are_put_in_their_places(tmp_path: Path) -> None:
    """Step lists, cases and modules of an included file, with parameters, places in their own file."""
    text = """
name: Include
include: {b: blocks/b.yaml}
modules:
  m:
    cases:
      first:
        steps:
          - use: b.rail
            with: {rail: 5V}
          - use: b.bare
            name: Settle
      second: {use: b.identity, with: {serial: SN1}, timeout: 9 s}
  end: {use: b.off, name: All off}
"""
    sequence = built(tmp_path, text, **{"sequences/blocks/b.yaml": BLOCKS})
    found = cases(sequence)
    use, bare = found["m::first"].steps
    assert isinstance(use, UseStep) and isinstance(bare, UseStep)
    assert (use.name, use.parameters, bare.name) == ("b.rail", {"rail": "5V", "tolerance": "3%"}, "Settle")
    assert str(use.steps[0].place) == "sequences/blocks/b.yaml:7:9"
    assert found["m::first"].limited
    second = found["m::second"]
    assert (second.name, second.timeout, second.depends) == ("Identity of SN1", 9.0, ("m::first",))
    assert isinstance(second.steps[0], SetStep) and second.steps[0].variables == {"serial": "SN1"}
    assert str(second.place) == "sequences/a.yaml:13:7"
    module = sequence.modules[1]
    assert (module.id, module.name, module.group) == ("end", "All off", "teardown")
    assert module.cases[0].name == "Off, done"
    whole = hashlib.sha256(text.encode() + BLOCKS.encode()).hexdigest()
    assert sequence.sha256 == whole
    assert str((tmp_path / "sequences" / "blocks" / "b.yaml").resolve()) in sequence.inputs


def test_what_is_wrong_in_an_included_file_is_told_there(tmp_path: Path) -> None:
    """A problem in a block has the place in the block's file, whose text is among the sources, and is told once."""
    text = f"{HEAD}include: [b.yaml]\nmodules: {{m: {{cases: {{c: {{steps: [{{use: x}}, {{use: x}}]}}}}}}}}\n"
    reading = read(tmp_path, text, **{"sequences/b.yaml": "steps:\n  x:\n    - mesage: hello\n"})
    assert reading.sequence is None
    (problem,) = reading.problems
    assert str(problem.place) == "sequences/b.yaml:3:7"
    assert reading.sources["sequences/b.yaml"].startswith("steps:")


def test_a_driver_beside_the_sequence_comes_after_the_projects_own(tmp_path: Path) -> None:
    """The project's ``drivers`` folder is searched before the sequence's own folder."""
    text = f"{HEAD}drivers: {{d: mine.D}}\nmodules: {{m: {{cases: {{c: {{steps: [{{call: d.go}}]}}}}}}}}\n"
    source = "class D:\n    def go(self): ...\n"
    beside = built(tmp_path, text, **{"sequences/mine.py": source})
    assert beside.drivers[0].file == str((tmp_path / "sequences" / "mine.py").resolve())
    first = built(tmp_path, text, **{"drivers/mine.py": source})
    assert first.drivers[0].file == str((tmp_path / "drivers" / "mine.py").resolve())


def test_drivers_that_come_with_hardseq_are_found(tmp_path: Path) -> None:
    """A stock driver is named without a folder and is imported by its module."""
    drivers = "drivers: {web: {use: http.Client, with: {url: 'http://192.168.0.30'}}}\n"
    text = f"{HEAD}{drivers}modules: {{m: {{cases: {{c: {{steps: [{{wait: 1 s}}]}}}}}}}}\n"
    (driver,) = built(tmp_path, text).drivers
    assert (driver.file, driver.module, driver.target) == (None, "sequencer.drivers.http", "Client")


def test_nothing_is_imported_by_checking(tmp_path: Path) -> None:
    """A driver that would do harm when imported is only read."""
    marker = tmp_path / "imported"
    source = f"open({str(marker)!r}, 'w')\nraise SystemExit\nclass Meter:\n    def go(self): ...\n"
    text = f"{HEAD}drivers: {{d: evil.Meter}}\nmodules: {{m: {{cases: {{c: {{steps: [{{call: d.go}}]}}}}}}}}\n"
    assert built(tmp_path, text, **{"drivers/evil.py": source})
    assert not marker.exists()
