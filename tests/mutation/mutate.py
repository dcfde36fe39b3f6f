"""Changes what judges, one place at a time, and tells which changes no test notices: `make mutate`.

The places and operators are cosmic-ray's (and `operators.py`). Its own runner starts a new Python for each mutant, most
of whose time goes into imports; here every mutant is a fork of a process that has already imported what is not ours.
Mutants live in copies of the tree below `build/mutants`, never in the tree itself.

`targets.toml` says what is changed and which tests judge it; `explained.toml` holds the mutants that change nothing.
"""

from __future__ import annotations

import argparse
import compileall
import difflib
import importlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import mutate_code
from operators import OPERATORS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORK = ROOT / "build" / "mutants"
SURVIVORS = WORK / "survivors.json"
PYTEST = ("-x", "-q", "--no-header", "--tb=short", "--assert=plain", "-p", "no:xdist", "-p", "no:cacheprovider")


@dataclass(frozen=True)
class Tier:
    """Tests that are run together: arguments of pytest."""

    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Modules, and the tests that judge them, the fastest first."""

    name: str
    modules: tuple[str, ...]
    tiers: tuple[Tier, ...]


@dataclass(frozen=True)
class Mutant:
    """One change of one module; ``function`` is the dotted name around it, empty at the module's top."""

    module: str
    function: str
    operator: str
    line: int
    was: str
    becomes: str
    original: str = field(repr=False)
    code: str = field(repr=False)

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from others, whatever happens to the lines around it."""
        return self.module, self.function, self.was, self.becomes


def read_groups(*, first_only: bool, whole_suite: bool) -> list[Group]:
    """The groups of `targets.toml`; with ``whole_suite``, what survives meets all tests in the end."""
    groups = []
    for said in tomllib.loads((HERE / "targets.toml").read_text(encoding="utf-8"))["group"]:
        tests, wider = tuple(said["tests"]), tuple(said.get("wider", ()))
        # Hypothesis is slow and draws anew each time: examples first, which kill most.
        tiers = [Tier((*tests, "-m", "not hypothesis")), Tier((*tests, *wider))]
        if whole_suite:
            tiers.append(Tier(("tests",)))
        groups.append(Group(said["name"], tuple(said["modules"]), tuple(tiers[:1] if first_only else tiers)))
    return groups


def read_explained() -> dict[tuple[str, str, str, str], str]:
    """The reason why a mutant changes nothing, by its key."""
    entries = tomllib.loads((HERE / "explained.toml").read_text(encoding="utf-8")).get("mutant", [])
    return {
        (entry["module"], entry["in"], entry["was"], becomes): entry["reason"]
        for entry in entries
        for becomes in ([entry["becomes"]] if isinstance(entry["becomes"], str) else entry["becomes"])
    }


def module_files(group: Group) -> Iterator[str]:
    """The modules of a group, folders taken apart."""
    for name in group.modules:
        path = ROOT / name
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (str(file.relative_to(ROOT)) for file in files)


def mutants_of(module: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    code = (ROOT / module).read_text(encoding="utf-8")
    nodes = list(ast_nodes(parso.parse(code)))
    lines = code.splitlines()
    seen = set()
    for name, operator in OPERATORS.items():
        places = [(node, start) for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, (node, (line, _)) in enumerate(places):
            if _judges_nothing(node, lines[line - 1]):
                continue
            mutated = mutate_code(code, operator, occurrence)
            assert mutated is not None
            if mutated in seen:
                continue
            seen.add(mutated)
            was, becomes = next(pair for pair in zip(lines, mutated.splitlines(), strict=True) if pair[0] != pair[1])
            yield Mutant(module, _function(node), name, line, was.strip(), becomes.strip(), code, mutated)


def _judges_nothing(node: Any, line: str) -> bool:
    """What only type checkers see, and how a dataclass is made."""
    if "TYPE_CHECKING" in line:
        return True
    while node is not None and node.type != "decorator":
        node = node.parent
    return node is not None


def _function(node: Any) -> str:
    names: list[str] = []
    while node is not None:
        if node.type in ("funcdef", "classdef"):
            names.insert(0, node.name.value)
        node = node.parent
    return ".".join(names)


def make_copy(number: int) -> Path:
    """A copy of what git keeps or would keep, compiled; what an earlier copy has of it is not made again."""
    copy = WORK / f"copy-{number}"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    names = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    for old in [path for path in copy.rglob("*") if path.is_file() and path.suffix != ".pyc"]:
        if str(old.relative_to(copy)) not in names:
            old.unlink()
    for name in names:
        source, target = ROOT / name, copy / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    compileall.compile_dir(copy / "sequencer", quiet=1)
    return copy


# In the worker processes ----------------------------------------------------------------------------------------------

_seconds: dict[Tier, float] = {}
"""How long the tests of a tier take on unchanged code. A tier that is in here has had its imports."""


def prepare(copies: Any) -> None:
    """Makes the process one that runs tests in one of the copies."""
    copy = Path(copies.get())
    os.chdir(copy)
    sys.path[:] = [str(copy), *(entry for entry in sys.path if entry not in ("", str(HERE)))]
    # Processes that tests start in other folders are to find the mutant, too.
    os.environ["PYTHONPATH"] = str(copy)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True


def judge(mutant: Mutant, tiers: Sequence[Tier]) -> int | None:
    """The number of the tier whose tests noticed the mutant; ``None`` when none did."""
    module = Path(mutant.module)
    original = module.read_bytes()
    for cached in (module.parent / "__pycache__").glob(f"{module.stem}.*"):
        cached.unlink()  # its time is of whole seconds, and a mutant is often as long as the original
    for number, tier in enumerate(tiers):
        if tier not in _seconds:
            _seconds[tier] = _unchanged(tier)
        try:
            module.write_text(mutant.code, encoding="utf-8")
            code, output = _run(tier.arguments, 20 + 5 * _seconds[tier])
        finally:
            module.write_bytes(original)
        if code == 5:
            raise RuntimeError(f"no tests: {tier}\n{output}")
        if code != 0:
            return number
    return None


def _unchanged(tier: Tier) -> float:
    """Seconds that a tier takes on unchanged code; imports for good what it imported from elsewhere."""
    began = time.monotonic()
    code, output = _run(tier.arguments, 3600)
    if code != 0:
        raise RuntimeError(f"the tests fail on unchanged code: {' '.join(tier.arguments)}\n{output}")
    seconds = time.monotonic() - began
    for name in json.loads(Path(".imported").read_text(encoding="utf-8")):
        with suppress(Exception):
            importlib.import_module(name)
    return seconds


def _run(arguments: Sequence[str], timeout: float) -> tuple[int, str]:
    """Pytest's exit code and output, in a fork; a run that takes too long is killed and has code -9."""
    output = Path(".output")
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setsid()
            with output.open("wb") as file, Path(os.devnull).open("rb") as nothing:
                os.dup2(nothing.fileno(), 0)
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            code = _run_here(arguments)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    until = time.monotonic() + timeout
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what its tests left behind
    return os.waitstatus_to_exitcode(status), output.read_text(encoding="utf-8", errors="replace")


def _run_here(arguments: Sequence[str]) -> int:
    import pytest

    code = int(pytest.main([*PYTEST, *arguments]))
    own = f"{Path.cwd()}{os.sep}"
    names = [
        name
        for name, module in list(sys.modules.items())
        if not (getattr(module, "__file__", None) or "").startswith(own)
        and name.split(".")[0] not in ("sequencer", "tests")
    ]
    Path(".imported").write_text(json.dumps(names), encoding="utf-8")
    return code


# ----------------------------------------------------------------------------------------------------------------------


def difference(mutant: Mutant) -> str:
    """The mutant as a diff."""
    old, new = mutant.original.splitlines(), mutant.code.splitlines()
    lines = difflib.unified_diff(old, new, mutant.module, mutant.operator, lineterm="", n=2)
    return "\n".join(lines)


def check_operators() -> None:
    """The operators do what their examples say, with this version of cosmic-ray and parso."""
    for name, operator in OPERATORS.items():
        for example in operator.examples():
            mutated = mutate_code(example.pre_mutation_code, operator, example.occurrence)
            assert mutated == example.post_mutation_code, f"{name}: {example} became {mutated!r}"


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="groups or modules, by the beginning of their names; default: all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies of the tree to work in at once")
    parser.add_argument("--again", action="store_true", help="only what survived the last time")
    parser.add_argument("--first", action="store_true", help="only the tests that run first: quick, and more survives")
    parser.add_argument("--whole", action="store_true", help="what survives meets the whole suite as well")
    said = parser.parse_args()
    said.modules = tuple(said.modules)
    return said


def chosen_mutants(said: argparse.Namespace, groups: Sequence[Group]) -> Iterator[tuple[Group, Mutant]]:
    """The mutants that the command line asks for."""
    survived = {tuple(key) for key in json.loads(SURVIVORS.read_text(encoding="utf-8"))} if said.again else set()
    for group in groups:
        for module in module_files(group):
            if said.again and module not in {key[0] for key in survived}:
                continue
            if said.modules and not any(
                name.startswith(wanted) for wanted in said.modules for name in (group.name, module)
            ):
                continue
            for mutant in mutants_of(module):
                if not said.again or mutant.key in survived:
                    yield group, mutant


def main() -> int:
    """Runs the mutants; 1 when one survived that is not explained, or an explanation fits none."""
    check_operators()
    said = options()
    explained = read_explained()
    chosen = list(chosen_mutants(said, read_groups(first_only=said.first, whole_suite=said.whole)))
    known = {mutant.key for _, mutant in chosen}
    modules = {mutant.module for _, mutant in chosen}
    stale = [key for key in explained if key[0] in modules and key not in known and not said.again]
    todo = [(group, mutant) for group, mutant in chosen if mutant.key not in explained]
    print(f"{len(chosen)} mutants, {len(chosen) - len(todo)} of them explained", flush=True)

    context = get_context("spawn")
    manager = context.Manager()
    copies: queue.Queue[str] = manager.Queue()
    for number in range(said.jobs):
        copies.put(str(make_copy(number)))
    killed: Counter[str] = Counter()
    survivors: list[Mutant] = []
    with ProcessPoolExecutor(said.jobs, context, prepare, (copies,)) as pool:
        running = {pool.submit(judge, mutant, group.tiers): (group, mutant) for group, mutant in todo}
        for done, future in enumerate(as_completed(running), start=1):
            group, mutant = running[future]
            if done % 50 == 0:
                print(f"{done} of {len(todo)}", flush=True)
            if (tier := future.result()) is not None:
                killed[f"{group.name}, {('by example', 'by its layer', 'by the whole suite')[tier]}"] += 1
                continue
            survivors.append(mutant)
            print(f"\n{mutant.module}:{mutant.line}: survived, in {mutant.function or 'the module'}", flush=True)
            print(difference(mutant), flush=True)
    SURVIVORS.write_text(json.dumps([mutant.key for mutant in survivors]), encoding="utf-8")

    print()
    for name, count in sorted(killed.items()):
        print(f"{count:5} killed: {name}")
    print(f"{len(survivors):5} survived")
    for key in stale:
        print(f"explained.toml: there is no such mutant (any more): {key}")
    return 1 if survivors or stale else 0


if __name__ == "__main__":
    sys.exit(main())
