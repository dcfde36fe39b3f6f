"""Every text of the language is evaluated or refuses expressions: all shapes and steps are walked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sequencer.compiler.emitter import FunctionEmitter, StepClasses
from sequencer.expressions.expression import compile_expression, evaluate_template, evaluate_text
from sequencer.language.read import ReadResult, read_sequence
from sequencer.language.shapes.schema import (
    blocks_properties,
    case_properties,
    module_properties,
    step_properties,
    top_properties,
)
from sequencer.language.shapes.schema_parts import DRIVER, PARAM
from sequencer.limits import LIMITS_SCHEMA
from sequencer.steps import step_types
from sequencer.steps.base import DialogAnswer, Step, StepRun
from sequencer.steps.keys import CONDITION, MARK, TEMPLATE
from sequencer.vocabulary.failure import StepError, StepFailed, Stopped
from sequencer.vocabulary.problem import Problem
from tests.every import every

POISON = "a ${{ nosuch }} b"
REFUSED = {"expression-in-fixed-text", "expression-in-key"}
READ_APART = {"drivers", "params", "vars", "modules", "cases", "after_run", "steps", "for_each"}
"""Keys of the shapes around the steps that have their own entries below, or hold steps."""

DRIVER_FILE = """
class Probe:
    volts = 1
    def __init__(self, **arguments): ...
    def read(self, **arguments): ...
    def identify(self): ...
"""


NEEDED: dict[str, dict[str, Any]] = {
    "assign": {"assign": "probe.volts"},
    "measure": {"call": "probe.read"},
    "call": {"call": "probe.read"},
    "sample": {"sample": {"x": "probe.read"}, "for": "1 ms"},
    "use": {"use": "block"},
}
"""What a step must say that its schema does not know: names of this project."""


def sample(schema: Any) -> Any:
    """A value that meets the schema."""
    if not isinstance(schema, Mapping):
        return 1
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    if "properties" in schema:
        return {name: sample(schema["properties"][name]) for name in schema.get("required", ())}
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    return {"string": "text", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}, "null": None}[kind]


def poisoned(schema: Any, mark: str | None = None) -> Iterator[tuple[str, Any, str | None]]:
    """Every text that the schema knows, with an expression in it: its path, the whole value, its mark."""
    if not isinstance(schema, Mapping):
        return
    if schema.get("$ref") == "#/$defs/limits" and mark is None:  # limits of each element are limits again
        schema, mark = LIMITS_SCHEMA, TEMPLATE[MARK]
    if "$ref" in schema:
        return
    mark = schema.get(MARK, mark)
    yield from poisoned_text(schema, mark)
    for branch in schema.get("anyOf", ()):
        yield from poisoned(branch, mark)
    yield from poisoned_mapping(schema, mark)
    items = schema.get("items")
    if isinstance(items, Mapping):
        for path, value, inner in poisoned(items, mark):
            yield f"[0]{path}", [value, *[value] * (schema.get("minItems", 1) - 1)], inner


def poisoned_text(schema: Mapping[str, Any], mark: str | None) -> Iterator[tuple[str, Any, str | None]]:
    """The text itself, where the schema allows one."""
    kinds = schema.get("type", "string" if "anyOf" not in schema and "enum" not in schema else ())
    if ("string" in kinds and "pattern" not in schema) or "enum" in schema or ("pattern" in schema and not mark):
        yield "", POISON, mark
    elif "pattern" in schema:
        yield "", "${{ nosuch }}", mark


def poisoned_mapping(schema: Mapping[str, Any], mark: str | None) -> Iterator[tuple[str, Any, str | None]]:
    """Every value and every key of a mapping."""
    needed = {name: sample(schema["properties"][name]) for name in schema.get("required", ())}
    for name, each in schema.get("properties", {}).items():
        for path, value, inner in poisoned(each, mark):
            yield f".{name}{path}", {**needed, name: value}, inner
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping):
        for path, value, inner in poisoned(others, mark):
            yield f".x{path}", {"x": value}, inner
        # A name that people choose is fixed, a key of free data is not.
        yield ".KEY", {POISON: sample(others)}, mark
    elif schema.get("type") == "object" and "properties" not in schema:
        yield ".KEY", {POISON: 1}, mark
    if schema.get("type") == "object" and others is False:
        yield ".KEY", {**needed, POISON: 1}, None


def steps() -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """A step for every text of every verb."""
    for verb, step_type in step_types().items():
        properties = step_properties(step_type)
        needed: dict[str, Any] = {key: sample(properties[key]) for key in (verb, *step_type.required) if key != "steps"}
        needed |= {"steps": [{"wait": "1 s"}]} if "steps" in properties else {}
        needed |= NEEDED.get(verb, {})
        for key, schema in properties.items():
            for path, value, mark in poisoned(schema):
                step = {**needed, key: value}
                if verb == "measure" and key == "value":
                    del step["call"]
                yield f"{verb}.{key}{path}", step, mark


CASE = {"steps": [{"call": "probe.read"}]}
BASE = {
    "name": "S",
    "include": "blocks.yaml",
    "drivers": {"probe": "probe.Probe"},
    "modules": {"m": {"cases": {"c": CASE}}},
}
Shape = tuple[str, dict[str, Any], str | None]


def with_module(said: Mapping[str, Any]) -> dict[str, Any]:
    """A sequence whose module says this."""
    module = {"use": "module", **said} if "with" in said else {"cases": {"c": CASE}, **said}
    return {**BASE, "modules": {"m": module}}


def with_case(said: Mapping[str, Any]) -> dict[str, Any]:
    """A sequence whose case says this."""
    case = {"use": "case", **said} if "with" in said else {**CASE, "for_each": [{"row": 1}], **said}
    return {**BASE, "modules": {"m": {"cases": {"c": case}}}}


def with_driver(said: Any) -> dict[str, Any]:
    """A sequence whose driver is this."""
    usable = isinstance(said, dict) and POISON not in said.values()
    return {**BASE, "drivers": {"probe": {**said, "use": "probe.Probe"} if usable else said}}


def around(
    name: str, properties: Mapping[str, Any], put: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterator[Shape]:
    """Every text of these keys, but for those that are read apart."""
    for key, schema in properties.items():
        if key not in READ_APART:
            for path, value, mark in poisoned(schema):
                yield f"{name}.{key}{path}", put({key: value}), mark


def shapes() -> Iterator[Shape]:
    """A sequence for every text around the steps."""
    yield from around("top", top_properties(), lambda said: {**BASE, **said})
    yield from around("module", module_properties(), with_module)
    yield from around("case", case_properties(), with_case)
    for path, value, mark in poisoned(case_properties()["for_each"]):
        yield f"case.for_each{path}", with_case({"for_each": value}), mark
    for path, value, mark in poisoned(DRIVER):
        yield f"driver{path}", with_driver(value), mark
    for path, value, mark in poisoned(PARAM):
        yield f"param{path}", {**BASE, "params": {"p": value}}, mark
    yield "vars.v", {**BASE, "vars": {"v": POISON}}, TEMPLATE[MARK]
    for kind in ("params", "vars", "drivers"):
        yield f"{kind}.KEY", {**BASE, kind: {POISON: {}}}, None
    yield "modules.KEY", {**BASE, "modules": {POISON: {"cases": {"c": CASE}}}}, None


STEPS = {path: (step, mark) for path, step, mark in steps()}
SHAPES = {path: (sequence, mark) for path, sequence, mark in shapes()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "drivers").mkdir()
    (folder / "drivers" / "probe.py").write_text(DRIVER_FILE)
    (folder / "images").mkdir()
    (folder / "images" / "led.png").write_bytes(b"")
    steps = "steps: [{wait: 1 s}]"
    (folder / "blocks.yaml").write_text(
        f"steps: {{block: {{params: {{x: {{default: 1}}}}, {steps}}}}}\n"
        f"cases: {{case: {{params: {{x: {{default: 1}}}}, {steps}}}}}\n"
        f"modules: {{module: {{params: {{x: {{default: 1}}}}, cases: {{c: {{{steps}}}}}}}}}\n"
    )
    return folder


def judge(problems: Iterable[Problem], text: str, part: str, mark: str | None) -> None:
    """The expression in a part of the text is refused where it stands, or looked into."""
    poison = json.dumps(POISON)[1:-1] if json.dumps(POISON)[1:-1] in part else "${{ nosuch"
    first = text.index(part) + part.index(poison) - 1
    last = first + len(POISON) + 4
    codes = {
        problem.code
        for problem in problems
        if problem.place.file == "sequence.yaml" and first <= problem.place.column <= last
    }
    if mark == TEMPLATE[MARK]:
        assert "undefined-name" in codes, codes
        assert not codes & REFUSED
    elif mark == CONDITION[MARK]:
        assert codes & {"expression-syntax", "braces"}, codes
    else:
        assert codes & REFUSED, codes


def read(project: Path, sequence: Mapping[str, Any]) -> tuple[str, ReadResult]:
    """The sequence on one line, and what is read of it."""
    path = project / "sequence.yaml"
    text = json.dumps(sequence)
    path.write_text(text)
    return text, read_sequence(path, project=project)


def in_cases(steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A case for each step: to read a sequence for each takes several times as long."""
    return {"m": {"cases": {f"c{number}": {"steps": [step]} for number, step in enumerate(steps)}}}


def beginnings(paths: Iterable[str]) -> dict[str, list[str]]:
    """The paths by what they begin with: a verb, or the shape around the steps."""
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(path.partition(".")[0].partition("[")[0], []).append(path)
    return found


@pytest.mark.parametrize(("verb", "paths"), beginnings(STEPS).items())
def test_every_text_of_a_step_is_evaluated_or_refuses_expressions(verb: str, paths: list[str], project: Path) -> None:
    """An expression in any text of any verb is looked into, or is a problem at its place."""
    text, found = read(
        project,
        {
            "name": "S",
            "include": "blocks.yaml",
            "drivers": {"probe": "probe.Probe"},
            "modules": in_cases(STEPS[path][0] for path in paths),
        },
    )

    def check(path: str) -> None:
        step, mark = STEPS[path]
        case = json.dumps({f"c{paths.index(path)}": {"steps": [step]}})[1:-1]
        judge(found.problems, text, case, mark)

    every(paths, check)


@pytest.mark.parametrize(("shape", "paths"), beginnings(SHAPES).items())
def test_every_text_around_the_steps_is_evaluated_or_refuses_expressions(
    shape: str, paths: list[str], project: Path
) -> None:
    """The same for the top level, modules, cases, rows, drivers and parameters."""

    def check(path: str) -> None:
        sequence, mark = SHAPES[path]
        text, found = read(project, sequence)
        judge(found.problems, text, text, mark)

    every(paths, check)


def test_every_text_of_a_block_is_evaluated_or_refuses_expressions(project: Path) -> None:
    """The same for the files that sequences include; what is used of them is looked into where it is used."""
    for key, schema in blocks_properties().items():
        if key in ("steps", "cases", "modules"):
            continue
        for path, value, mark in poisoned(schema):
            (project / "more.yaml").write_text(json.dumps({"steps": {"b": [{"wait": "1 s"}]}, key: value}))
            (project / "using.yaml").write_text(
                "name: S\ninclude: more.yaml\nmodules: {m: {cases: {c: {steps: [{use: b}]}}}}\n"
            )
            codes = {problem.code for problem in read_sequence(project / "using.yaml", project=project).problems}
            assert mark is None and codes & REFUSED, f"{key}{path}"


NAMES = ("nosuch", "minute", "state", "block", "samples", "done", "serial_number")
FORMS = (".nominal", ".tolerance", ".outside.", ".ignore_case", ".limits.table", ".limits.key")
"""Of limits: keys that cannot stand alone (they are evaluated with the rest, at any depth), and the name of a table."""


KINDS = {
    **dict.fromkeys(
        ("default", "placeholder", "unit", "pattern", "hint", "example", "help", "remove_prefix", "remove_suffix"),
        "text",
    ),
    **dict.fromkeys(("min", "max"), "number"),
    "step": "slider",
    "choices": "radio",
}
"""What asks for something in the way that a key is for."""


def asked(path: str, part: int) -> str:
    """The key at a part of the path, without what stands in brackets."""
    return path.split(".")[part].partition("[")[0]


def completed(path: str, step: dict[str, Any]) -> dict[str, Any]:
    """The step with what goes with the key that is tried."""
    if path.startswith("dialog.dialog.steps"):
        return {**step, "dialog": {**step["dialog"], "type": "steps"}}
    if path.startswith("dialog.dialog.fields[0]."):
        (field,) = step["dialog"]["fields"]
        field = {"measurement": "M", **field}
        return {**step, "dialog": {"type": "form", "fields": [{**field, "type": KINDS.get(asked(path, 3), "text")}]}}
    if path.startswith("dialog.dialog.buttons"):
        return {**step, "dialog": {**step["dialog"], "pass_fail": not path.endswith("confirm")}}
    if path.startswith("dialog.dialog.") and asked(path, 2) in KINDS:
        return {**step, "dialog": {**step["dialog"], "type": KINDS[asked(path, 2)]}}
    if path.startswith(("dialog.unit", "dialog.limits", "dialog.warn_limits", "dialog.measurement")):
        return {"measurement": "M", **step, "dialog": {"type": "number"}}
    if path.startswith("operator_message.operator_message.key"):
        return {"operator_message": {**step["operator_message"], "text": "Hot"}}
    if path.startswith("chart.chart.series[0].x["):
        return {"chart": {"series": [{**step["chart"]["series"][0], "y": [1]}]}}
    return step


def called(path: str, step: dict[str, Any]) -> dict[str, Any]:
    """The step with a call of this project's driver where its schema asks for some call."""
    if path.startswith("sample.sample.x."):
        return {**step, "sample": {"x": {**step["sample"]["x"], "call": "probe.read"}}}
    return step


TEMPLATES = {
    path: called(path, completed(path, step))
    for path, (step, mark) in STEPS.items()
    if mark == TEMPLATE[MARK]
    and not ("limits." in path and any(form in path for form in FORMS))
    # A table gives its warning limits with the limits.
    and not ("warn_limits." in path and path.endswith((".table", ".key.KEY")))
    and not ("sample.limits.x." in path and path.endswith((".table", ".key.KEY", ".outside")))
}


class Scope(Mapping[str, Any]):
    """Every name is 1; those that were asked for are kept."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return {"serial": "SN1"} if name == "params" else 1

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __contains__(self, name: object) -> bool:
        return True

    def __len__(self) -> int:
        return 0


class Case:
    """A case whose operator gives ``result``."""

    full_name = "m::c"

    def __init__(self, scope: Scope, result: str) -> None:
        self._scope = scope
        self._result = result

    def value(self, template: Any) -> Any:
        return evaluate_template(template, self._scope)

    def text(self, template: str) -> str:
        return evaluate_text(template, self._scope)

    def test(self, expression: str) -> bool:
        return bool(compile_expression(expression).evaluate(self._scope))

    def ask(self, dialog: Mapping[str, Any]) -> DialogAnswer:
        return DialogAnswer(self._result, 1, None, 0.0)

    def end(self, step: StepRun, error: BaseException | None) -> bool:
        return False

    def environment(self) -> dict[str, str]:
        return {"PATH": ""}

    def tries(self, times: int, delay: float = 0.0) -> Iterator[int]:
        yield 1

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **keywords: None


class Probe:
    """What the generated code calls."""

    volts = 1

    def read(self, **arguments: Any) -> int:
        return 1


@pytest.mark.parametrize(("verb", "paths"), beginnings(TEMPLATES).items())
def test_every_template_of_a_step_is_evaluated_when_it_runs(verb: str, paths: list[str], project: Path) -> None:
    """No text of a step may be looked into by ``check`` and then shown, compared or matched as it is written."""
    sequence = {
        "name": "S",
        "include": "blocks.yaml",
        "params": {"serial": {}},
        "vars": dict.fromkeys(NAMES, 1),
        "drivers": {"probe": "probe.Probe"},
        "modules": in_cases(TEMPLATES[path] for path in paths),
    }
    _, found = read(project, sequence)
    assert found.sequence is not None, found.problems
    cases = dict(zip(paths, found.sequence.modules[0].cases, strict=True))
    every(paths, lambda path: evaluated(cases[path].steps))


def evaluated(steps: Sequence[Step]) -> None:
    """Runs what is generated of the steps, and looks whether their expression was asked for."""
    out = FunctionEmitter(StepClasses())
    out.steps(steps)
    names: dict[str, Any] = {}
    lines = [*out.classes.imports(), "def run(case, probe):", *out.body]
    code = compile("\n".join(lines), "generated", "exec")
    exec(code, names)  # the compiler's own output
    scope = Scope()
    for result in ("fail", "pass"):
        with suppress(StepError, StepFailed, Stopped):  # what the step makes of an odd text is its own affair
            names["run"](Case(scope, result), Probe())
    assert "nosuch" in scope.asked
