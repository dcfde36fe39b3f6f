"""Generated projects compared whole with the files in ``tests/golden``: what a person would read and debug.

After a change that is meant: ``HARDSEQ_UPDATE_GOLDEN=1 pytest tests/compiler/test_golden.py``, then read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sequencer import __version__
from sequencer.compiler.compile import compile_sequence
from sequencer.language import read_sequence

PROJECT = Path(__file__).parents[2]
GOLDEN = PROJECT / "tests" / "golden"


SEQUENCES = {
    "minute": "sequences/minute.yaml",
    "power_supply": "sequences/power_supply.yaml",
    "slots": "tests/examples/valid/slots.yaml",
}


def generated(name: str) -> dict[str, str]:
    """The files generated from a sequence, without what changes with each release."""
    reading = read_sequence(PROJECT / SEQUENCES[name], project=PROJECT)
    assert reading.sequence is not None, reading.problems
    files = compile_sequence(reading.sequence, folder=PROJECT / ".hardseq" / "compiled" / "project")
    return {
        file: text.replace(f"hardseq {__version__}", "hardseq VERSION").replace(reading.sequence.sha256, "SHA256")
        for file, text in files.items()
    }


@pytest.mark.parametrize("name", SEQUENCES)
def test_generated_projects_are_the_golden_ones(name: str) -> None:
    """What the compiler writes for the sequences of this repository is, to the byte, what was last approved."""
    folder, files = GOLDEN / name, generated(name)
    if os.environ.get("HARDSEQ_UPDATE_GOLDEN"):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for file, text in files.items():
            # A name of its own, so that nobody's pytest collects it.
            (folder / f"{file}.txt").write_text(text, encoding="utf-8", newline="\n")
    assert {path.name.removesuffix(".txt"): path.read_text(encoding="utf-8") for path in folder.iterdir()} == files
