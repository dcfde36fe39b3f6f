"""Steps that come with other packages: read, compiled, refused."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sequencer.extension
from sequencer.cli.main import command_line
from sequencer.compiler.compile import compile_sequence
from sequencer.compiler.project import ensure_compiled
from sequencer.language.read import ReadResult, read_sequence
from sequencer.language.shapes.schema import sequence_schema
from sequencer.steps import step_types
from sequencer.vocabulary.problem import InvalidInput
from tests.effort import examples
from tests.extensions.conftest import Install

STEP = """
from dataclasses import dataclass
from typing import Any
from sequencer.extension import TEMPLATE, Emitter, MappingNode, Step, StepReader, StepRun, StepType

@dataclass(frozen=True, slots=True, kw_only=True)
class BeepStep(Step):
    text: str
    mode: str = "loud"

class Beep(StepRun):
    verb = "beep"
    def __init__(self, case: Any, place: str, text: str, **shared: Any) -> None:
        super().__init__(case, place, **shared)

def parse(node: MappingNode, reader: StepReader) -> BeepStep | None:
    return BeepStep(**reader.shared(node, "beep"), text=reader.text(node, "beep") or "", mode=node.get("mode", "loud"))

def emit(step: BeepStep, out: Emitter) -> None:
    out.line(out.construct(Beep, step, step.text) + ".run()")

STEP = StepType(
    verb="beep", summary="Beeps.", schema={"type": "string", **TEMPLATE}, model=BeepStep, parse=parse, emit=emit,
    keys={"mode": {"type": "string"}}, shared=frozenset({"name", "if"}), example="- beep: now\\n",
)
"""
ENTRY = "[hardseq.steps]\nbeep = beep_step:STEP\n"
SEQUENCE = "name: Beeping\nmodules:\n  m:\n    cases:\n      c:\n        steps:\n          - check: true\n"


def read(folder: Path, steps: str = "- beep: now") -> ReadResult:
    path = folder / "beeping.yaml"
    path.write_text(SEQUENCE + f"          {steps}\n", "utf-8")
    return read_sequence(path)


def code(folder: Path, steps: str = "- beep: now") -> str:
    """The generated module. Raises ``InvalidInput``."""
    reading = read(folder, steps)
    assert reading.sequence is not None, reading.problems
    return compile_sequence(reading.sequence, folder=folder / "out")["test_m.py"]


def told(folder: Path, steps: str = "- beep: now") -> str:
    """The message of the one problem, at the verb."""
    reading = read(folder, steps)
    (problem,) = [problem for problem in reading.problems if problem.severity == "error"]
    assert reading.sequence is None
    assert (problem.code, problem.place[1:3]) == ("unusable-extension", (8, 13))
    return problem.message


def test_a_package_adds_a_verb(install: Install, tmp_path: Path) -> None:
    """The verb is checked against its schema, compiled, and in the schema with what is installed; the sequence says
    which package it needs, and is read again when a file of it changes."""
    info = install("hardseq-beep", "1.0", ENTRY, beep_step=STEP)
    assert 'Beep(case, "beeping.yaml:8:13", "now").run()' in code(tmp_path)
    assert "from beep_step import Beep\n" in code(tmp_path)
    reading = read(tmp_path)
    assert reading.sequence is not None
    assert reading.sequence.extensions == {"hardseq-beep": "1.0"}
    assert {str(info / "METADATA"), str(info.parent / "beep_step.py")} <= set(reading.sequence.inputs)
    assert "step_beep" in sequence_schema(step_types())["$defs"]
    assert "step_beep" not in sequence_schema()["$defs"]
    (problem,) = [each for each in read(tmp_path, "- beep: now\n            mod: soft").problems if each.code != "x"]
    assert (problem.code, problem.hint) == ("unknown-key", "did you mean `mode`?")
    unmarked = read(tmp_path, '- beep: now\n            mode: "${{ 1 }}"').problems
    assert [each.code for each in unmarked] == ["expression-in-fixed-text"]


def test_a_sequence_without_it_needs_no_package(install: Install, tmp_path: Path) -> None:
    """What is broken in a package matters to nobody who does not use it: it is not even imported."""
    install("hardseq-beep", "1.0", ENTRY, beep_step="raise RuntimeError('not imported')")
    reading = read(tmp_path, "- wait: 1 ms")
    assert reading.sequence is not None and reading.sequence.extensions == {}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("from typing import Any", "import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("STEP = StepType", "OTHER = StepType", "AttributeError: module 'beep_step' has no attribute 'STEP'"),
        ("STEP = StepType", "STEP = dict", "it is 'dict' and not a `StepType`"),
        ('verb="beep"', 'verb="boop"', "its entry point has another name than its verb, 'boop'"),
        ("model=BeepStep", "model=dict", "its `model` is not a data class that derives from `Step`"),
        ("parse=parse", "parse=None", "its `parse` cannot be called"),
        ("emit=emit,", "", "TypeError: StepType.__init__() missing 1 required keyword-only argument: 'emit'"),
        ('summary="Beeps."', "summary=None", "its `summary` is not a string"),
        ('{"type": "string", **TEMPLATE}', "5", "the schema of `beep` is not a mapping"),
        ('{"type": "string", **TEMPLATE}', '{"type": "text"}', "the schema of `beep` is not a JSON Schema: 'text' is"),
        ('{"type": "string", **TEMPLATE}', '{"type": {1}}', "the schema of `beep` is not JSON: "),
        (
            '{"type": "string", **TEMPLATE}',
            '{"$ref": "#/$defs/x"}',
            "may refer to #/$defs/limits and #/$defs/step alone",
        ),
        ('{"type": "string"}', '{"pattern": ""}', "the schema of `mode` has a pattern that is not a valid regular"),
        ('{"type": "string"}', '{"x-text": "yes"}', "the schema of `mode` has the mark 'yes'"),
        ('keys={"mode"', 'keys={"timeout"', "its key `timeout` is one that every step may have"),
        ('keys={"mode"', 'keys={"beep"', "its key `beep` is the verb itself"),
        ('{"name", "if"}', '{"nme"}', "its `shared` is not a frozenset of names among name, if"),
        ("keys=", 'required=frozenset({"x"}), keys=', "its `required` is not a frozenset of names among mode"),
        ("keys=", "interface=2, keys=", "it is written for interface 2; this hardseq has 1"),
    ],
)
def test_a_step_type_that_cannot_be_used_is_a_problem(
    old: str, new: str, reason: str, install: Install, tmp_path: Path
) -> None:
    """Whatever is wrong with it is one problem at the verb that names package and version, never a traceback."""
    assert old in STEP
    install("hardseq-beep", "1.2", ENTRY, beep_step=STEP.replace(old, new))
    message = told(tmp_path)
    assert message.startswith("`beep` of the package hardseq-beep 1.2 cannot be used: ")
    assert reason in message
    assert "step_beep" not in sequence_schema(step_types().all_usable()[0])["$defs"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("value", "`value` is a key of the step `assign`"),
        ("Beep", "a verb has only small letters, digits and `_`, a letter first"),
    ],
)
def test_a_verb_that_would_change_what_sequences_mean(name: str, reason: str, install: Install, tmp_path: Path) -> None:
    """A key of hardseq's own steps cannot be a verb, and stays what it is in them."""
    install(
        "hardseq-beep",
        "1.0",
        f"[hardseq.steps]\n{name} = beep_step:STEP\n",
        beep_step=STEP.replace('"beep"', f'"{name}"'),
    )
    assert reason in told(tmp_path, f"- {name}: now")
    measured = read(tmp_path, "- {measure: A, value: 5, timeout: 1 s, limits: [1, 6]}")
    assert measured.problems == []


def test_no_verb_is_called_like_a_key_of_all_steps(install: Install, tmp_path: Path) -> None:
    """A package that announces `timeout` changes no step that has one, and is told by `hardseq extensions`."""
    install(
        "hardseq-x", "1.0", "[hardseq.steps]\ntimeout = x:S\n", x=STEP.replace('"beep"', '"timeout"') + "S = STEP\n"
    )
    assert read(tmp_path, "- {measure: A, value: 5, timeout: 1 s, limits: [1, 6]}").problems == []
    listed = CliRunner().invoke(command_line, ["extensions"])
    assert listed.exit_code == 1 and "`timeout` is a key that every step may have" in listed.output


def test_two_packages_with_the_same_verb(install: Install, tmp_path: Path) -> None:
    """Which one is meant nobody knows: both are named, and neither runs."""
    install("hardseq-a", "1.0", ENTRY, beep_step=STEP)
    install("hardseq-b", "2.0", ENTRY)
    both = "the package hardseq-a 1.0 and the package hardseq-b 2.0"
    assert told(tmp_path) == f"`beep` is not clear: {both} have a step of that name"


def test_a_package_with_a_verb_of_hardseq(install: Install, tmp_path: Path) -> None:
    """A sequence with a verb that hardseq and a package have may mean either: it is refused, others are not."""
    install("hardseq-a", "1.0", "[hardseq.steps]\nwait = nowhere:STEP\n")
    both = "hardseq itself and the package hardseq-a 1.0"
    assert told(tmp_path, "- wait: 1 s") == f"`wait` is not clear: {both} have a step of that name"
    assert read(tmp_path, "- message: hello").problems == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "raise KeyError('text')",
            "the step `beep` of the package hardseq-beep 1.2 cannot be read: KeyError: 'text' (",
        ),
        ("return None", "it made no `BeepStep` of this step, and did not say why"),
        ("return 5", "it made no `BeepStep` of this step, and did not say why"),
        ("return BeepStep(verb='wait', place=node.place, text='')", "it made no `BeepStep` of this step"),
    ],
)
def test_a_step_that_is_not_read_is_not_left_out(body: str, reason: str, install: Install, tmp_path: Path) -> None:
    """A package that cannot read a step, or gives none, leaves no step out: there is a problem."""
    source = STEP.replace("    return BeepStep(**reader.shared", f"    {body}\n    return BeepStep(**reader.shared")
    install("hardseq-beep", "1.2", ENTRY, beep_step=source)
    assert reason in told(tmp_path)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            "raise KeyError('text')",
            "the step `beep` of the package hardseq-beep 1.2 cannot be written: KeyError: 'text'",
        ),
        ("out.line('this is no Python')", "it writes what is not Python"),
        ("out.line(f\"case.emit('{step.text}')\")", "it writes text of the sequence as code"),
        ("out.line(f'case.emit({step.text!r})')", None),
        ("out.line(f'case.emit(1)  # {step.text}')", "it writes text of the sequence as code"),
        ("pass", "it writes what is not Python: there is no statement in it"),
        (
            "out.line(out.construct(type('Made', (Beep,), {}), step) + '.run()')",
            "the class Made cannot be imported from",
        ),
    ],
)
def test_what_a_step_writes_is_python_without_text_of_the_sequence(
    body: str, reason: str | None, install: Install, tmp_path: Path
) -> None:
    """Code that breaks, or into which a text of the sequence could get, is refused before anything runs."""
    source = STEP.replace('    out.line(out.construct(Beep, step, step.text) + ".run()")', f"    {body}")
    install("hardseq-beep", "1.2", ENTRY, beep_step=source)
    if reason is None:
        assert code(tmp_path, "- beep: two words")
        return
    with pytest.raises(InvalidInput) as raised:
        code(tmp_path, "- beep: two words")
    (problem,) = raised.value.problems
    assert (problem.code, problem.place[1:3]) == ("unusable-extension", (8, 13))
    assert reason in problem.message


def test_what_a_step_does_for_a_passed_product_needs_evidence(install: Install, tmp_path: Path) -> None:
    """A package's step after the run may print a label: one that asks for the verdict alone is warned about."""
    install("hardseq-beep", "1.0", ENTRY, beep_step=STEP)
    path = tmp_path / "a.yaml"
    after = "after_run:\n  - {beep: now, if: verdict == 'passed'}\n  - {message: m, if: verdict == 'passed'}\n"
    path.write_text(SEQUENCE + after, "utf-8")
    assert [(each.code, each.place.line) for each in read_sequence(path).problems] == [("no-evidence", 9)]


def test_check_tells_what_a_step_would_write(install: Install, tmp_path: Path) -> None:
    """`hardseq check` finds code that cannot be used, although it compiles nothing else."""
    source = STEP.replace('    out.line(out.construct(Beep, step, step.text) + ".run()")', "    out.line('x =')")
    install("hardseq-beep", "1.2", ENTRY, beep_step=source)
    assert read(tmp_path).problems == []
    checked = CliRunner().invoke(command_line, ["check", str(tmp_path / "beeping.yaml")])
    assert checked.exit_code == 1
    assert "beeping.yaml:8:13: error: `beep` of the package hardseq-beep 1.2 cannot be used" in checked.output


CARELESS = STEP.replace(
    '    out.line(out.construct(Beep, step, step.text) + ".run()")', "    out.line(f\"case.emit('{step.text}')\")"
)


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=12))
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_text_of_a_sequence_becomes_code(text: str, install: Install, tmp_path: Path) -> None:
    """Whatever the text, a careless package either writes it as the literal it is, or is refused."""
    if not list(tmp_path.glob("site/*.dist-info")):
        install("hardseq-beep", "1.2", ENTRY, beep_step=CARELESS)
    quoted = "'" + text.replace("'", "''") + "'"
    reading = read(tmp_path, f"- beep: {quoted}")
    if reading.sequence is None:
        return
    try:
        written = compile_sequence(reading.sequence, folder=tmp_path / "out")["test_m.py"]
    except InvalidInput:
        return
    calls = [node for node in ast.walk(ast.parse(written)) if isinstance(node, ast.Call)]
    (emitted,) = [ast.unparse(call) for call in calls if ast.unparse(call.func) == "case.emit"]
    assert emitted == f"case.emit({text!r})"


def test_classes_of_the_same_name(install: Install, tmp_path: Path) -> None:
    """Two packages may call their classes alike, like one of hardseq's, or like a driver: each step gets its own."""
    install("hardseq-a", "1.0", ENTRY, beep_step=STEP.replace("Beep(", "Check(").replace("(Beep,", "(Check,"))
    other = STEP.replace("beep", "boop").replace("Beep(", "check(").replace("(Beep,", "(check,")
    install("hardseq-b", "1.0", "[hardseq.steps]\nboop = boop_step:STEP\n", boop_step=other)
    text = code(tmp_path, "- beep: a\n          - boop: b")
    assert "from sequencer.steps.check import Check\n" in text
    assert "from beep_step import Check as Check_2\n" in text and "Check_2(case" in text
    assert "from boop_step import check as Step_check\n" in text and "Step_check(case" in text


def test_another_version_is_compiled_anew(install: Install, tmp_path: Path) -> None:
    """An unchanged sequence is not read again, but it is when another version of a package it uses is there."""
    info = install("hardseq-beep", "1.0", ENTRY, beep_step=STEP)
    read(tmp_path)

    def compiled() -> bool:
        return ensure_compiled(tmp_path / "beeping.yaml", project=tmp_path, compiled=tmp_path / "compiled").fresh

    assert [compiled(), compiled()] == [True, False]
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hardseq-beep\nVersion: 1.1\n", "utf-8")
    assert [compiled(), compiled()] == [True, False]
    (info.parent / "beep_step.py").write_text(STEP + "\n# changed\n", "utf-8")
    assert compiled()


@pytest.mark.parametrize(
    ("entries", "use", "reason"),
    [
        ("bench = no_such_package_here", "bench.Dmm", "there is no module `no_such_package_here`"),
        ("bench = beep_step.inner", "bench.Dmm", "there is no module `beep_step.inner`"),
        ("bench = beep_step", "bench.Dmm", "`beep_step` has no class or function `Dmm`"),
        ("scpi = beep_step", "scpi.Beep", "hardseq itself and the package hardseq-beep 1.0 have a driver of that name"),
    ],
)
def test_a_driver_that_cannot_be_used(entries: str, use: str, reason: str, install: Install, tmp_path: Path) -> None:
    """An announced driver that is not there, or that hardseq has as well, is a problem with its package's name."""
    install("hardseq-beep", "1.0", f"[hardseq.drivers]\n{entries}\n", beep_step=STEP)
    path = tmp_path / "a.yaml"
    path.write_text(
        f"name: A\ndrivers: {{d: {use}}}\nmodules: {{m: {{cases: {{c: {{steps: [{{call: d.x}}]}}}}}}}}\n", "utf-8"
    )
    (problem,) = read_sequence(path).problems
    assert (problem.code, problem.place[1:3]) == ("unusable-extension", (2, 14))
    assert reason in problem.message and "hardseq-beep 1.0" in problem.message


def test_extensions_are_listed(install: Install) -> None:
    """`hardseq extensions` names each with its package."""
    install("hardseq-beep", "1.0", ENTRY, beep_step=STEP)
    good = CliRunner().invoke(command_line, ["extensions"])
    assert (good.exit_code, good.output) == (0, "step    beep             hardseq-beep 1.0  Beeps.\n")


def test_what_a_package_prints_spoils_no_document(install: Install) -> None:
    """A package that prints while it is imported does so on standard error: standard output stays JSON."""
    install("hardseq-beep", "1.0", ENTRY, beep_step="print('hello')\n" + STEP)
    result = CliRunner().invoke(command_line, ["schema"])
    assert "step_beep" in json.loads(result.stdout)["$defs"]
    assert result.stderr == "hello\n"


def test_the_reference_of_a_step(install: Install) -> None:
    """`hardseq extensions VERB` shows keys and example; a name that no package adds is refused with those there are."""
    source = STEP.replace('"mode": {"type": "string"}', '"mode": {"type": "string", "description": "How."}')
    install("hardseq-beep", "1.0", ENTRY, beep_step=source)
    shown = CliRunner().invoke(command_line, ["extensions", "beep"])
    assert shown.output.splitlines()[1:] == [
        "  beep            Required.",
        "  mode           How.",
        "  As of every step: name, if.",
        "",
        "  - beep: now",
    ]
    unknown = CliRunner().invoke(command_line, ["extensions", "boop"])
    assert (unknown.exit_code, unknown.output) == (
        2,
        "hardseq: no installed package adds 'boop'\n  hint: there is beep\n",
    )


def test_broken_extensions_are_listed(install: Install) -> None:
    """`hardseq extensions` says what is wrong with each, and exits with 1."""
    install("hardseq-bad", "2.0", "[hardseq.exports]\ndocx = nowhere_at_all\n[hardseq.drivers]\nx = nowhere_at_all\n")
    bad = CliRunner().invoke(command_line, ["extensions"])
    assert bad.exit_code == 1
    assert bad.output.count("of the package hardseq-bad 2.0 cannot be used: ") == 2


@pytest.mark.slow
def test_an_unchanged_sequence_looks_for_no_extensions(install: Install, tmp_path: Path) -> None:
    """Reading entry points costs a start its time: an unchanged sequence runs without, even one that uses them."""
    info = install("hardseq-beep", "1.0", ENTRY, beep_step=STEP)
    read(tmp_path)
    folders = f"project=Path({str(tmp_path)!r}), compiled=Path({str(tmp_path / 'compiled')!r})"
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(info.parent)!r})
from sequencer.compiler.project import ensure_compiled
fresh = ensure_compiled(Path({str(tmp_path / "beeping.yaml")!r}), {folders}).fresh
print(fresh, "importlib.metadata" in sys.modules)
"""
    done = [subprocess.run([sys.executable, "-c", script], capture_output=True, text=True) for _ in range(2)]
    assert [each.stderr + each.stdout for each in done] == ["True True\n", "False False\n"]


def test_the_public_interface_is_documented() -> None:
    """Each name that an extension may import is on its page."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "extending.md").read_text("utf-8")
    assert [name for name in sequencer.extension.__all__ if f"`{name}`" not in page] == []
