"""Generated projects on disk, made again only when something they were made from changed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

from sequencer import __version__
from sequencer.compiler.file_name import short_name
from sequencer.protocol.manifest import MANIFEST, damage, digest, read_folder
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import InvalidInput, Place, Problem

if TYPE_CHECKING:
    from sequencer.vocabulary.model import Param, SequenceDefinition

MANIFEST_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Compiled:
    """A generated project that is ready to run.

    ``manifest`` is the digest of the folder's ``manifest.json``, which the test process holds against what it finds.
    ``problems`` are the warnings and notes of the check; ``fresh`` is true when this call compiled it. ``shared`` are
    the drivers that slots share; ``uses_stand``: slots that run it at the same time have them or sync points in common.
    ``serial_number`` is what the sequence records as the product's as soon as it begins, a text or a template.
    ``kept`` are the drivers that it calls and that a panel keeps open between runs, ``simulated`` those of them that a
    simulated run does without.
    """

    folder: Path
    manifest: str
    name: str
    params: tuple[Param, ...]
    problems: tuple[Problem, ...]
    fresh: bool
    shared: tuple[str, ...] = ()
    uses_stand: bool = False
    serial_number: str | None = None
    kept: tuple[str, ...] = ()
    simulated: tuple[str, ...] = ()


def ensure_compiled(
    path: Path,
    *,
    project: Path,
    compiled: Path,
    stepping: bool = False,
    stand: Mapping[str, Data] | None = None,
) -> Compiled:
    """The generated project for the sequence file ``path``, made again only when one of its inputs changed.

    ``compiled`` is the state folder's place for generated projects. When nothing changed, the sequence is not even
    read: its bytes, those of what it includes and of its drivers are compared by their sha256 with what was noted, and
    so is every generated file. What was damaged there, is missing or was added is not run but made again.
    ``stand``: the facts that the stand's configuration records.
    ``stepping`` is for a run that can pause before each step: a generated project beside the usual one.
    Raises ``InvalidInput`` with every problem of the sequence; ``OSError`` when the folder cannot be written.
    """
    variant = "-stepping" if stepping else ""
    note = compiled / f"{short_name(path.stem)}-{digest(str(path.resolve()).encode())[:12]}{variant}.json"
    known = _read_note(note, compiled, stand or {})
    if known is not None:
        return known
    from sequencer.compiler.compile import called_drivers
    from sequencer.compiler.generated_folder import is_whole, remove_unused, write_whole

    sequence, problems = _read_sequence(path, project, stand)
    # Every generated project lies equally deep, so that the place of one gives the relative paths of all.
    texts = _compile(sequence, compiled / "project", stepping)
    folder = compiled / f"{short_name(path.stem)}-{digest(json.dumps(texts).encode())[:16]}"
    if not is_whole(folder, texts):
        write_whole(texts, folder)
    manifest = digest((folder / MANIFEST).read_bytes())
    used = called_drivers(sequence)
    kept = [driver for driver in sequence.drivers if driver.scope == "stand" and driver.name in used]
    result = Compiled(
        folder,
        manifest,
        sequence.name,
        sequence.params,
        problems,
        fresh=True,
        shared=tuple(driver.name for driver in sequence.drivers if driver.shared),
        uses_stand=sequence.uses_stand,
        serial_number=_serial_number(sequence),
        kept=tuple(driver.name for driver in kept),
        simulated=tuple(driver.name for driver in kept if driver.simulate is not None),
    )
    _write_note(note, result, sequence, stand or {})
    remove_unused(compiled)
    return result


def restore(compiled: Compiled, path: Path, *, project: Path, stand: Mapping[str, Data] | None = None) -> None:
    """Makes a generated project again that was damaged meanwhile, unless its sequence has changed as well.

    Raises nothing: a test process looks for itself, and says what is wrong.
    """
    with suppress(OSError, InvalidInput):
        if damage(read_folder(compiled.folder), compiled.manifest) is not None:
            ensure_compiled(path, project=project, compiled=compiled.folder.parent, stand=stand)


def write_project(path: Path, *, project: Path, folder: Path) -> tuple[list[str], tuple[Problem, ...]]:
    """Compiles the sequence file ``path`` into ``folder`` for a person to read, keep and run with plain ``pytest``.

    Returns the names of the written files and the warnings. Generated files of an earlier compilation that are no
    longer made are removed; other files in the folder stay. Raises ``InvalidInput``; ``OSError``.
    """
    sequence, problems = _read_sequence(path, project)
    texts = _compile(sequence, folder.resolve())
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("test_*.py"), folder / "after_run.py"]:
        if (
            old.name not in texts
            and old.is_file()
            and "Generated by hardseq" in old.read_text("utf-8", "replace")[:1000]
        ):
            old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return list(texts), problems


def _read_sequence(
    path: Path, project: Path, stand: Mapping[str, Data] | None = None
) -> tuple[SequenceDefinition, tuple[Problem, ...]]:
    # Imported here: a sequence that did not change runs without YAML, JSON Schema and templates.
    from sequencer.language import read_sequence

    reading = read_sequence(path, project=project, stand=stand)
    if reading.sequence is None:
        raise InvalidInput(list(reading.problems))
    return reading.sequence, tuple(reading.problems)


def _compile(sequence: SequenceDefinition, folder: Path, stepping: bool = False) -> dict[str, str]:
    from sequencer.compiler.compile import compile_sequence

    return compile_sequence(sequence, folder=folder, stepping=stepping)


def _read_note(note: Path, compiled: Path, stand: Mapping[str, Data]) -> Compiled | None:
    try:
        known: dict[str, Any] = json.loads(note.read_bytes())
        if known["format"] != MANIFEST_FORMAT or known["hardseq"] != __version__:
            return None
        if known["stand"] != stand:
            return None
        if any(_file_digest(Path(name)) != written for name, written in known["inputs"].items()):
            return None
        folder = compiled / known["folder"]
        if known["python"] != sys.implementation.cache_tag or damage(read_folder(folder), known["manifest"]):
            return None
        params = tuple(map(_read_param, known["params"]))
        problems = tuple(Problem(**{**problem, "place": Place(*problem["place"])}) for problem in known["problems"])
        return Compiled(
            folder,
            known["manifest"],
            known["name"],
            params,
            problems,
            fresh=False,
            # A note without these was written before there was anything to share.
            shared=tuple(known.get("shared", ())),
            uses_stand=known.get("uses_stand", False),
            serial_number=known.get("serial_number"),
            kept=tuple(known["kept"]),
            simulated=tuple(known["simulated"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # a note that cannot be used is one that is not there


def _serial_number(sequence: SequenceDefinition) -> str | None:
    dut = sequence.record.get("dut")
    number = dut.get("serial_number") if isinstance(dut, Mapping) else None
    return None if number is None else str(number)


def _read_param(written: Mapping[str, Any]) -> Param:
    # Imported here: most runs need nothing of the model, which takes its time to load.
    from sequencer.vocabulary.model import Param

    # A note without `each_run` was written before there was one.
    several = {name: tuple(written.get(name, ())) for name in ("one_of", "variants")}
    return Param(**{**written, **several, "each_run": written["each_run"]})


def _write_note(note: Path, compiled: Compiled, sequence: SequenceDefinition, stand: Mapping[str, Data]) -> None:
    document = {
        "format": MANIFEST_FORMAT,
        "hardseq": __version__,
        "python": sys.implementation.cache_tag,
        "folder": compiled.folder.name,
        "manifest": compiled.manifest,
        "name": compiled.name,
        "inputs": dict(sequence.inputs),
        "stand": dict(stand),
        "params": [asdict(param) for param in compiled.params],
        "shared": compiled.shared,
        "uses_stand": compiled.uses_stand,
        "serial_number": compiled.serial_number,
        "kept": compiled.kept,
        "simulated": compiled.simulated,
        "problems": [
            {field.name: getattr(problem, field.name) for field in fields(problem)} for problem in compiled.problems
        ],
    }
    # Slots of a panel may all make a damaged project again.
    written = note.with_suffix(f".{os.getpid()}-{get_ident()}.tmp")
    written.write_text(json.dumps(document, indent=1), encoding="utf-8")
    written.replace(note)


def _file_digest(path: Path) -> str | None:
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return None
