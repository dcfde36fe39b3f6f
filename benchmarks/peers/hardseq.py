"""hardseq: the command as a person types it, journal and stored report included."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from peers.base import METER, modules, remove

SEQUENCE = "benchmark.yaml"

HEAD = """name: Benchmark
version: 1.0.0

drivers:
  meter: meter.Meter

modules:
"""

MODULE = """  module_{module}:
    name: Module {module}
    cases:
"""

CASE = """      rail_{number}:
        name: Rail {number}
        steps:
          - measure: Rail {number}
            call: meter.read
            with: {{channel: {number}}}
            unit: V
            limits: [4.8, 5.2]
"""


def sequence_text(cases: int) -> str:
    """The sequence, eight lines a case."""
    parts = [HEAD]
    for module, numbers in modules(cases):
        parts.append(MODULE.format(module=module))
        parts += [CASE.format(number=number) for number in numbers]
    return "".join(parts)


class HardSeq:
    """``hardseq run --no-panel``."""

    name = "hardseq --no-panel"
    environment = "hardseq"
    most_cases = None
    most_rounds = None

    def __init__(self, checkout: Path) -> None:
        self.requirements = (str(checkout),)

    def write(self, folder: Path, cases: int) -> None:
        """One YAML file and the driver."""
        (folder / "drivers").mkdir()
        (folder / "drivers" / "meter.py").write_text(METER)
        (folder / SEQUENCE).write_text(sequence_text(cases))

    def command(self, python: Path) -> list[str]:
        """The whole command."""
        return [str(python), "-m", "sequencer", "run", SEQUENCE, "--no-panel"]

    def forget(self, folder: Path) -> None:
        """Drops the whole state folder: compiled sequence, journals, database."""
        remove(folder, ".hardseq", "__pycache__")

    def passed(self, folder: Path, python: Path, output: str) -> int:
        """Counts in the report that the store gives back."""
        export = [str(python), "-m", "sequencer", "runs", "export", "latest", "--format", "json"]
        done = subprocess.run(export, cwd=folder, stdout=subprocess.PIPE, check=True)
        report = json.loads(done.stdout)
        return sum(case["status"] == "passed" for module in report["modules"] for case in module["cases"])


class HardSeqWithPage(HardSeq):
    """``hardseq run`` as it is typed: with the live page, which nobody opens."""

    name = "hardseq"
    _CONFIGURATION = "[frontend]\nport = 18765\n"

    def write(self, folder: Path, cases: int) -> None:
        """The same, at a port that nobody else has."""
        super().write(folder, cases)
        (folder / "hardseq.toml").write_text(self._CONFIGURATION)

    def command(self, python: Path) -> list[str]:
        """The whole command."""
        return super().command(python)[:-1]
