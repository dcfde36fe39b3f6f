"""OpenHTF: one phase a case, without its web server, the record stored as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from peers.base import METER, modules, remove

MAIN = """import sys

import openhtf as htf
from openhtf.output.callbacks import json_factory

{imports}


def main():
    test = htf.Test(
{phases}
        test_name="Benchmark",
    )
    test.add_output_callbacks(json_factory.OutputToJSON("report.json"))
    return 0 if test.execute(test_start=lambda: "SN000001") else 1


if __name__ == "__main__":
    sys.exit(main())
"""

PLUG = """from openhtf.plugs import BasePlug

from meter import Meter


class MeterPlug(BasePlug):
    def __init__(self):
        self.meter = Meter()

    def read(self, channel):
        return self.meter.read(channel)
"""

HEAD = """import openhtf as htf
from openhtf.plugs import plug
from openhtf.util import units

from meter_plug import MeterPlug
"""

PHASE = """

@htf.measures(htf.Measurement("rail_{number}").in_range(4.8, 5.2).with_units(units.VOLT))
@plug(meter=MeterPlug)
def rail_{number}(test, meter):
    test.measurements.rail_{number} = meter.read({number})
"""


class OpenHtf:
    """``python main.py``."""

    name = environment = "openhtf"
    requirements = ("openhtf",)
    most_cases = None
    most_rounds = None

    def write(self, folder: Path, cases: int) -> None:
        """One Python module a module."""
        (folder / "meter.py").write_text(METER)
        (folder / "meter_plug.py").write_text(PLUG)
        imports, phases = [], []
        for module, numbers in modules(cases):
            text = HEAD + "".join(PHASE.format(number=number) for number in numbers)
            (folder / f"module_{module:03}.py").write_text(text)
            imports.append(f"import module_{module:03}")
            phases += [f"        module_{module:03}.rail_{number}," for number in numbers]
        (folder / "main.py").write_text(MAIN.format(imports="\n".join(imports), phases="\n".join(phases)))

    def command(self, python: Path) -> list[str]:
        """The test station's program."""
        return [str(python), "main.py"]

    def forget(self, folder: Path) -> None:
        """Drops compiled modules and the record."""
        remove(folder, "__pycache__")
        (folder / "report.json").unlink(missing_ok=True)

    def passed(self, folder: Path, python: Path, output: str) -> int:
        """Counts measurements that passed in the stored record."""
        phases = json.loads((folder / "report.json").read_text())["phases"]
        values = (value for phase in phases for value in phase["measurements"].values())
        return sum(value["outcome"] == "PASS" for value in values)
