"""testium: a tree of function calls and checks in YAML, run in batch mode, its report stored as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

from peers.base import METER, METER_FILE, SLOW_ROUNDS, modules, remove

HEAD = """main:
  name: Benchmark
  steps:
"""

MODULE = """    - group:
        name: Module {module}
        steps:
"""

CASE = """          - py_func:
              name: read_{number}
              file: meter.py
              func_name: read
              context_id: bench
              param: [{number}]
          - check:
              name: rail_{number}
              values: ["<| 4.8 <= $(pfn_read_{number}) <= 5.2 |>"]
"""


class Testium:
    """``testium -b``, all calls in one process of its own, as ``context_id`` asks."""

    name = environment = "testium"
    requirements = ("testium-hil",)
    most_cases = 1_000
    most_rounds = SLOW_ROUNDS

    def write(self, folder: Path, cases: int) -> None:
        """One file, and the instrument."""
        # Its window system is loaded in batch mode, too.
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        (folder / METER_FILE).write_text(METER)
        parts = [HEAD]
        for module, numbers in modules(cases):
            parts.append(MODULE.format(module=module))
            parts += [CASE.format(number=number) for number in numbers]
        (folder / "benchmark.tum").write_text("".join(parts))

    def command(self, python: Path) -> list[str]:
        """Its own command, in its own environment."""
        batch = ["--batch-execution", "--no-color", "--report-file", "report", "--report-type", "json"]
        return [str(python.with_name("testium")), *batch, "benchmark.tum"]

    def forget(self, folder: Path) -> None:
        """Drops compiled modules and the report."""
        remove(folder, "__pycache__")
        (folder / "report").unlink(missing_ok=True)

    def passed(self, folder: Path, python: Path, output: str) -> int:
        """Counts the checks that passed in the stored report."""
        steps = json.loads((folder / "report").read_text())["tests"]
        return sum(step["result"] == "PASS" for step in steps if step["test_name"].startswith("rail_"))
