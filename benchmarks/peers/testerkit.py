"""TesterKit's sites: one pytest that starts another for each site, as its guide to several products says."""

from __future__ import annotations

import os
from pathlib import Path

import processes

STATION = "id: bench\nname: Bench\nstation_type: bench\ninstruments: {}\n"
SITE = "  - {{name: s{number}, uut_resource: /dev/null, connections: {{}}}}\n"
LIMITS = "limits:\n  rail: {low: 4.8, high: 5.2, unit: V}\n"
TEST = "\n\ndef test_rail_{number}(verify):\n    time.sleep({seconds})\n    verify('rail', 5.0)\n"


class TesterKit:
    """A project of ``cases`` tests that each wait ``seconds`` and judge a value, on ``sites`` sites."""

    def __init__(self, folder: Path, python: Path, sites: int, cases: int, seconds: float) -> None:
        self._folder = folder
        serials = ",".join(f"SN{number}" for number in range(sites))
        self._command = [str(python), "-m", "pytest", "-q", "tests", "--fixture=fixtures/bench.yaml"]
        self._command += ["--station=stations/bench.yaml", "--uut-serials", serials]
        tests = "import time\n" + "".join(TEST.format(number=number, seconds=seconds) for number in range(cases))
        for name, text in {
            "fixtures/bench.yaml": "id: bench\nname: Bench\nsites:\n"
            + "".join(SITE.format(number=number) for number in range(sites)),
            "stations/bench.yaml": STATION,
            "tests/test_rail.py": tests,
            "tests/test_rail.yaml": LIMITS,
            "pytest.ini": "[pytest]\n",
            "testerkit.yaml": "name: bench\n",
        }.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def run(self) -> float:
        """Seconds of the whole command. Raises ``RuntimeError`` when it fails."""
        os.environ["TESTERKIT_HOME"] = str(self._folder / "home")
        return processes.run(self._command, self._folder).seconds
