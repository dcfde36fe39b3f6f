from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sequencer.compiler.compile import compile_sequence
from sequencer.language.builder import SequenceBuilder
from sequencer.language.read import load
from sequencer.language.yaml.loader import Document, parse_document
from sequencer.vocabulary.model import SequenceDefinition
from sequencer.vocabulary.problem import render, source_line
from sequencer.vocabulary.tree import plain
from tests.effort import examples

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples"
SEQUENCES = [*sorted((EXAMPLES / "valid").glob("*.yaml")), *sorted((ROOT / "sequences").glob("*.yaml"))]
TREES = {path: plain(load(path)) for path in SEQUENCES}

SCALARS = st.sampled_from(
    [
        *[None, True, False, 0, -1, 5, 1.5, float("inf"), float("nan"), 10**30, "", "x", "main", "::", "a::b", "5 s"],
        *["${{", "${{ x }}", "${{ 1/0 }}", "1e5", "[", "\u2028", "日本", "class", "bench.Meter", "../x.yaml"],
        *["a" * 300, "a\0b"],
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["steps", "use", "with", "if", "name", "x", "measure", "A b"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside a tree."""
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [found for key, value in children for found in [(*path, key), *places(value, (*path, key))]]


def owner_of(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        tree = tree[key]
    return tree


def copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    return [copied(value) for value in tree] if isinstance(tree, list) else tree


@st.composite
def mutated_trees(draw: st.DrawFn) -> tuple[Path, bytes]:
    """A valid sequence with one to three keys dropped, renamed, retyped or swapped."""
    path = draw(st.sampled_from(SEQUENCES))
    tree = copied(TREES[path])
    for _ in range(draw(st.integers(1, 3))):
        found = places(tree)
        if not found:
            break
        where = draw(st.sampled_from(found))
        owner, key = owner_of(tree, where), where[-1]
        change = draw(st.sampled_from(["drop", "rename", "retype", "swap", "double"]))
        if change == "drop":
            del owner[key]
        elif change == "rename" and isinstance(owner, dict):
            owner[draw(st.sampled_from(["x", "steps", "use", "Call", "for_each", key[::-1], key.upper()]))] = owner.pop(
                key
            )
        elif change == "swap":
            other = draw(st.sampled_from(found))
            if other[: len(where)] != where and where[: len(other)] != other:
                second = owner_of(tree, other)
                owner[key], second[other[-1]] = second[other[-1]], owner[key]
        elif change == "double" and isinstance(owner, list):
            owner.append(copied(owner[key]))
        else:
            owner[key] = draw(VALUES)
    return path, yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")


@st.composite
def mutated_texts(draw: st.DrawFn) -> tuple[Path, bytes]:
    """A valid sequence cut off, with bytes flipped, or with lines moved."""
    path = draw(st.sampled_from(SEQUENCES))
    data = bytearray(path.read_bytes())
    change = draw(st.sampled_from(["cut", "flip", "insert", "lines"]))
    if change == "cut":
        return path, bytes(data[: draw(st.integers(0, len(data)))])
    if change == "lines":
        lines = bytes(data).splitlines(keepends=True)
        first, second = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        lines[first], lines[second] = lines[second], lines[first]
        return path, b"".join(lines)
    for _ in range(draw(st.integers(1, 4))):
        position = draw(st.integers(0, len(data) - 1))
        if change == "flip":
            data[position] ^= 1 << draw(st.integers(0, 7))
        else:
            data[position:position] = draw(
                st.sampled_from([b"\t", b":", b"- ", b"'", b"{", b"]", b"&a ", b"*a", b"\n", b"${{"])
            )
    return path, bytes(data)


def check(path: Path, data: bytes) -> None:
    """Reading gives a sequence or errors, every problem can be shown, and a sequence compiles to Python."""
    project = EXAMPLES if EXAMPLES in path.parents else ROOT
    document = parse_document(Document("mutated.yaml", "", data))
    sequence, problems, sources = SequenceBuilder(document, path, project).build()
    errors = [problem for problem in problems if problem.severity == "error"]
    assert (sequence is None) == bool(errors)
    for problem in problems:
        assert problem.message and problem.code
        assert problem.place.line >= 1 and problem.place.column >= 1
        assert problem.place.file in sources
        render(problem, source_line(sources[problem.place.file], problem.place.line))
    if sequence is not None:
        assert isinstance(sequence, SequenceDefinition)
        for name, text in compile_sequence(sequence, folder=ROOT / "compiled" / "x").items():
            if name.endswith(".py"):
                ast.parse(text)


SETTINGS = settings(
    max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@SETTINGS
@given(mutated_trees())
def test_a_sequence_with_changed_keys_gives_problems_or_a_sequence(mutated: tuple[Path, bytes]) -> None:
    """Keys dropped, renamed, retyped or swapped never end in an exception."""
    check(*mutated)


@SETTINGS
@given(mutated_texts())
def test_a_damaged_file_gives_problems_or_a_sequence(mutated: tuple[Path, bytes]) -> None:
    """Text truncated, bytes flipped, lines swapped never end in an exception."""
    check(*mutated)
