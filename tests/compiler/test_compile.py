"""The generated code: whatever the texts, it is Python that says the same and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.compiler.compile import CASES_PER_FILE, compile_sequence
from sequencer.compiler.emitter import literal
from sequencer.steps.call import CallStep
from sequencer.steps.check import CheckStep
from sequencer.steps.for_each import ForEachStep
from sequencer.steps.measure import MeasureStep
from sequencer.steps.message import MessageStep
from sequencer.steps.set import SetStep
from sequencer.vocabulary.model import Case, Driver, DriverCall, Module, Param, SequenceDefinition, Step, StepRetry
from sequencer.vocabulary.problem import Place

FOLDER = Path("/project/.hardseq/compiled/project")
PLACE = Place("sequences/s.yaml", 3, 5, 3, 9)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


def sequence_of(
    *steps: Step, name: str = "Sequence", case_name: str = "Case", file: str = "sequences/s.yaml", **rest: object
) -> SequenceDefinition:
    """A sequence of one case with these steps."""
    place = PLACE._replace(file=file)
    case = Case(id="only", module="main", name=case_name, place=place, steps=steps, drivers=("meter",))
    module = Module(id="main", name=name, place=place, cases=(case,))
    meter = Driver(
        name="meter",
        place=place,
        file="/project/drivers/meter.py",
        module="meter",
        target="Meter",
        is_class=True,
        arguments={"address": name},
    )
    return SequenceDefinition(
        name=name,
        file=file,
        sha256="0" * 64,
        modules=(module,),
        drivers=(meter,),
        **rest,  # type: ignore[arg-type]
    )


def texts_in(source: str) -> Iterator[str]:
    """Every string literal of a Python file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@given(data)
def test_literals_are_the_data(value: object) -> None:
    """A literal evaluates to the very data it was made from, infinities included."""
    assert eval(literal(value), {"__builtins__": {"float": float}}) == value


@settings(deadline=None)
@given(st.text(), st.text(), st.text(), data)
def test_any_text_stays_text(name: str, text: str, file: str, value: object) -> None:
    """Whatever stands in the YAML, the generated files parse, hold the text as literals, and have no other code."""
    steps = [
        MessageStep(verb="message", place=PLACE, text=text),
        CheckStep(verb="check", place=PLACE, expression=text, message=text),
        SetStep(verb="set", place=PLACE, variables={"x": value}),  # type: ignore[dict-item]
        MeasureStep(verb="measure", place=PLACE, measurement=text, value=value, limits=value, unit=text),  # type: ignore[arg-type]
    ]
    files = compile_sequence(sequence_of(*steps, name=name, case_name=text, file=file), folder=FOLDER)
    plain = compile_sequence(
        sequence_of(
            *[
                MessageStep(verb="message", place=PLACE, text="t"),
                CheckStep(verb="check", place=PLACE, expression="t", message="t"),
                SetStep(verb="set", place=PLACE, variables={"x": "v"}),
                MeasureStep(verb="measure", place=PLACE, measurement="t", value="v", limits="v", unit="t"),
            ],
            name="n",
            case_name="t",
        ),
        folder=FOLDER,
    )
    assert text in set(texts_in(files["test_main.py"]))
    assert name in set(texts_in(files["conftest.py"]))
    for generated in ("conftest.py", "test_main.py"):
        assert names_in(files[generated]) - {"case", "value", "float"} <= names_in(plain[generated])


def names_in(source: str) -> set[str]:
    """Every identifier of a Python file."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.keyword | ast.arg) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return found


def test_the_same_input_gives_the_same_bytes() -> None:
    """Compiling twice gives equal files: no time, no order of sets, no address of an object."""
    sequence = sequence_of(MessageStep(verb="message", place=PLACE, text="hello"))
    assert compile_sequence(sequence, folder=FOLDER) == compile_sequence(sequence, folder=FOLDER)


def test_a_driver_call_is_a_call_that_a_breakpoint_steps_into() -> None:
    """Calls are plain Python; a property is read, a keyword argument that Python reserves still arrives."""
    steps = [
        CallStep(
            verb="call",
            place=PLACE,
            target=DriverCall(driver="meter", method="select", arguments={"channel": 2, "from": "${{ start }}"}),
        ),
        MeasureStep(
            verb="measure",
            place=PLACE,
            measurement="Rail",
            source=DriverCall(driver="meter", method="voltage", attribute=True),
            limits=[4.8, 5.2],
        ),
    ]
    source = compile_sequence(sequence_of(*steps), folder=FOLDER)["test_main.py"]
    assert 'meter.select(channel=2, **case.value({"from": "${{ start }}"}))' in source
    assert "step.value = meter.voltage\n" in source


def test_conditions_retries_and_loops_are_pythons_own() -> None:
    """``if``, ``retry`` and loops become ``if`` and ``for``, nested as written."""
    inner = MessageStep(verb="message", place=PLACE, text="x", when="left > 2", retry=StepRetry(times=3, delay=0.5))
    loop = ForEachStep(verb="for_each", place=PLACE, variable="left", elements="${{ range(3) }}", steps=(inner,))
    source = compile_sequence(sequence_of(loop), folder=FOLDER)["test_main.py"]
    assert (
        '    with ForEach(case, "sequences/s.yaml:3:5", {"left": "${{ range(3) }}"}) as loop:\n'
        "        for _ in loop:\n"
        '            if case.test("left > 2"):\n'
        "                for _ in case.tries(3, 0.5):\n"
        '                    Message(case, "sequences/s.yaml:3:5", "x").run()\n'
    ) in source


def test_a_case_without_steps_is_still_a_function() -> None:
    """An empty case compiles to ``pass``; that it proves nothing is for the check to say."""
    assert "def test_only(case, meter):\n    pass\n" in compile_sequence(sequence_of(), folder=FOLDER)["test_main.py"]


def test_drivers_are_named_relative_to_the_generated_folder() -> None:
    """The project can be moved together with its drivers; parameters and drivers stand in conftest.py as literals."""
    sequence = sequence_of(params=(Param(name="serial", pattern="^SN", prompt='Scan "it"'),))
    source = compile_sequence(sequence, folder=FOLDER)["conftest.py"]
    assert 'file="../../../drivers/meter.py"' in source
    assert '"prompt": \'Scan "it"\'' in source


def test_a_large_module_is_spread_over_files_in_order() -> None:
    """Thousands of cases lie in several files whose names sort in running order, and every case is in one of them."""
    cases = tuple(
        Case(id=f"case_{number}", module="main", name="x", place=PLACE, steps=())
        for number in range(2 * CASES_PER_FILE + 1)
    )
    module = Module(id="main", name="Main", place=PLACE, cases=cases)
    files = compile_sequence(SequenceDefinition(name="S", file="s.yaml", sha256="0", modules=(module,)), folder=FOLDER)
    parts = sorted(name for name in files if name.startswith("test_"))
    assert parts == ["test_main-01.py", "test_main-02.py", "test_main-03.py"]
    source = "".join(files[part] for part in parts)
    positions = [source.index(f"def test_{case.id}(") for case in cases]
    assert positions == sorted(positions)
