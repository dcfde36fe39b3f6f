from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sequencer.expressions.functions import CONSTANTS, functions
from sequencer.language.scope import AFTER_RUN_NAMES, ALWAYS, RUN_FIELDS
from sequencer.language.shapes.all import shapes
from sequencer.language.shapes.schema import (
    block_properties,
    blocks_properties,
    case_properties,
    module_properties,
    step_properties,
    top_properties,
)
from sequencer.language.shapes.schema_parts import DRIVER, PARAM
from sequencer.language.shapes.wording import phrase
from sequencer.language.yaml.loader import Document, parse_document
from sequencer.language.yaml.sources import SourceTexts
from sequencer.steps import step_types
from sequencer.steps.keys import SHARED_KEYS

ROOT = Path(__file__).parents[1]
LANGUAGE = (ROOT / "docs" / "reference" / "language.md").read_text("utf-8")
PROBLEMS = (ROOT / "docs" / "reference" / "problems.md").read_text("utf-8")


def row(key: str, schema: Mapping[str, Any]) -> str:
    """The table row of a key: what it takes and what it means, in the schema's own words."""
    takes = phrase(schema) if {"type", "anyOf", "enum"} & set(schema) else "anything"
    if schema.get("$ref") == "#/$defs/limits":
        takes, schema = "limits", {"description": "See [Limits](limits.md)."}
    description = schema.get("description", "").replace("|", "\\|")
    return f"| `{key}` | {takes.replace('|', chr(92) + '|')} | {description} |"


def inner(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every key inside a key's own value, at any depth."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "properties":
                for name, each in value.items():
                    yield name, each
                    yield from inner(each)
            elif key not in ("examples", "default", "enum"):
                yield from inner(value)
    elif isinstance(schema, list):
        for each in schema:
            yield from inner(each)


def section(text: str, heading: str) -> str:
    """What stands under a heading, down to the next of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"there is no section {heading}"
    return re.split(rf"\n#{{1,{level}}} ", rest)[0]


STEPS = {verb: step_properties(step_type) for verb, step_type in step_types().own.items()}
SECTIONS: dict[str, Mapping[str, Any]] = {
    "## Top level": top_properties(),
    "### A driver": DRIVER["anyOf"][1]["properties"],
    "### A parameter of the run": PARAM["properties"],
    "## Modules": module_properties(),
    "## Cases": case_properties(),
    "## Steps": SHARED_KEYS,
    "## Included files": blocks_properties(),
    "### A list of steps with parameters": block_properties("steps"),
    **{
        f"### `{verb}`": {key: value for key, value in keys.items() if SHARED_KEYS.get(key) is not value or key == verb}
        for verb, keys in STEPS.items()
    },
}


@pytest.mark.parametrize("heading", list(SECTIONS))
def test_every_key_is_documented_in_the_words_of_its_schema(heading: str) -> None:
    """Each key has its row in the reference, and the row says what the editor says."""
    expected = [row(key, schema) for key, schema in SECTIONS[heading].items()]
    assert [one for one in expected if one not in section(LANGUAGE, heading)] == []


@pytest.mark.parametrize("heading", list(SECTIONS))
def test_every_key_inside_a_value_is_documented(heading: str) -> None:
    """The keys of mappings inside a value are named in the same section, or in the one about recorded facts."""
    text = section(LANGUAGE, heading) + section(LANGUAGE, "### Facts for the report")
    missing = {
        key
        for schema in SECTIONS[heading].values()
        for key, _ in inner(schema)
        if not re.search(rf"`([a-z_]+\.)*{key}`", text)
    }
    if heading in ("## Included files", "## Top level"):
        known = {key for keys in SECTIONS.values() for key in keys} | {key for key, _ in inner([*SECTIONS.values()])}
        missing -= known if heading == "## Included files" else set()
    assert not missing


@pytest.mark.parametrize("verb", list(STEPS))
def test_every_verb_has_its_example_and_its_shared_keys(verb: str) -> None:
    """The section of a verb shows the example of its file, and says which of the keys of all steps it lacks."""
    text = section(LANGUAGE, f"### `{verb}`")
    step_type = step_types()[verb]
    assert step_type.example.strip() in text
    lacking = [f"`{key}`" for key in SHARED_KEYS if key not in STEPS[verb]]
    if lacking:
        assert f"Not for this step: {', '.join(lacking)}." in text


@pytest.mark.parametrize("verb", list(STEPS))
def test_the_example_of_every_verb_is_valid(verb: str) -> None:
    """What documentation and editor show as an example passes the check of its own verb."""
    document = parse_document(Document("example.yaml", "", ("steps:\n" + step_types()[verb].example).encode()))
    assert document.problems == []
    assert document.root is not None
    told: list[object] = []
    for step in document.root["steps"]:
        shapes().step(step_types()[verb]).check(step, SourceTexts(ROOT), lambda *each, **more: told.append(each))
    assert told == []


@pytest.mark.parametrize("name", [*functions(), *CONSTANTS])
def test_every_function_is_documented(name: str) -> None:
    """Each function and constant of expressions stands in the section about them."""
    assert re.search(rf"`{name}[`(]", section(LANGUAGE, "## Expressions"))


def test_every_filter_is_documented() -> None:
    """Each filter of expressions stands in the section about them."""
    from sequencer.expressions.engine import environment

    text = section(LANGUAGE, "## Expressions")
    assert [name for name in environment().filters if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", [*ALWAYS, *AFTER_RUN_NAMES, *RUN_FIELDS, "attempt"])
def test_every_name_in_scope_is_documented(name: str) -> None:
    """The names that hardseq puts in scope stand in the section about expressions."""
    assert re.search(rf"`(run\.)?{name}[`.]", section(LANGUAGE, "## Expressions"))


def test_every_yaml_block_of_the_reference_is_yaml() -> None:
    """The YAML shown in the reference can be read."""
    for block in re.findall(r"```yaml\n(.*?)```", LANGUAGE, re.DOTALL):
        yaml.safe_load(block)


REPORTS = ("report", "problem", "_report", "_refuse", "refuse", "_problem", "Problem", "LimitProblem")
"""What is called with a code."""
REPORTING = re.compile(rf"\b({'|'.join(REPORTS)})\s*\(")


def codes() -> Iterator[str]:
    """Every problem code that the language, the steps and the limits report."""
    for folder in ("language", "steps", "limits"):
        for path in (ROOT / "sequencer" / folder).rglob("*.py"):
            text = path.read_text("utf-8")
            if REPORTING.search(text):
                for node in ast.walk(ast.parse(text)):
                    if isinstance(node, ast.Call):
                        yield from codes_of(node)


def codes_of(call: ast.Call) -> Iterator[str]:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if function not in REPORTS:
        return
    for argument in call.args[:2]:
        constants = [argument] if isinstance(argument, ast.Constant) else []
        if isinstance(argument, ast.IfExp):
            constants = [each for each in (argument.body, argument.orelse) if isinstance(each, ast.Constant)]
        for constant in constants:
            if isinstance(constant.value, str) and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", constant.value):
                yield constant.value


def test_every_problem_code_is_documented() -> None:
    """Each code that a problem can have has its line in the list of problems."""
    documented = set(re.findall(r"^\| `(.+?)` \| (?:error|warning|note)", PROBLEMS, re.MULTILINE))
    assert sorted(set(codes()) - documented) == []
    assert set(codes())


def test_every_code_of_the_examples_is_documented() -> None:
    """Each code that the invalid examples show has its line, those made of parts too."""
    texts = [path.read_text("utf-8") for path in (ROOT / "tests" / "examples" / "invalid").glob("*.txt")]
    shown = {
        code for text in texts for code in re.findall(r"^\S+:\d+ (?:warning |note )?([a-z0-9-]+) ", text, re.MULTILINE)
    }
    assert shown
    assert [code for code in sorted(shown) if f"\n| `{code}` |" not in PROBLEMS] == []
