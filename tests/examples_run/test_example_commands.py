"""Every command in the README of every example, run as a person runs it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
ELSEWHERE = {
    "stand_cloud": "its own test runs it against the stand-in server",
    "extension_package": "its own test installs it first",
}

PASSES, FAILS, REFUSED, STOPPED = 0, 1, 2, 3

COMMANDS: dict[str, dict[str, int]] = {
    "attempts": {
        "hardseq run attempts.yaml": PASSES,
        "hardseq run attempts.yaml --arg good_at=5": FAILS,
    },
    "barcode_to_label": {
        f"hardseq run line.yaml --arg scan={scan} --answers answers.yaml": result
        for scan, result in {
            "PSU-24/SN000017": PASSES,
            "PSU-12/SN000018": PASSES,
            "PSU-24/SN000666": STOPPED,
            "PSU-24/SN000001": FAILS,
            "PSU-24/SN000002": FAILS,
            "PSU-48/SN000019": REFUSED,
        }.items()
    },
    "chamber": {
        "hardseq run chamber.yaml": PASSES,
        "hardseq run chamber.yaml --arg broken=2": FAILS,
        "hardseq runs list --format json": PASSES,
    },
    "charts": {"hardseq run charts.yaml --open": PASSES},
    "couchdb": {"hardseq run couchdb.yaml": PASSES},
    "critical": {
        "hardseq run critical.yaml": FAILS,
        "hardseq run critical.yaml --arg idle_current=0.1": PASSES,
    },
    "dependency": {
        "hardseq run dependency.yaml": FAILS,
        "hardseq run dependency.yaml --arg firmware=2.1": PASSES,
    },
    "exec_flasher": {
        "hardseq run exec_flasher.yaml": PASSES,
        "hardseq run exec_flasher.yaml --arg board=broken": FAILS,
    },
    "groups": {
        "hardseq run groups.yaml": PASSES,
        "hardseq run groups.yaml --arg fixture=open": FAILS,
    },
    "hello": {"hardseq run hello.yaml": PASSES},
    "include": {"hardseq run include.yaml": PASSES},
    "instruments_with_simulation": {
        "hardseq run instruments_with_simulation.yaml --simulate": PASSES,
    },
    "launch_arguments": {
        "hardseq run launch_arguments.yaml --arg serial=SN000042": PASSES,
        "hardseq run launch_arguments.yaml --arg serial=SN000042 --arg cycles=5 --arg variant=pro": PASSES,
        "hardseq run launch_arguments.yaml --arg serial=42": REFUSED,
    },
    "logging": {"hardseq run logging.yaml": PASSES},
    "matrix": {
        "hardseq run matrix.yaml": PASSES,
        'hardseq run matrix.yaml --only "rails::rail[5V]"': PASSES,
    },
    "measurements": {
        "hardseq run measurements.yaml": PASSES,
        "hardseq run measurements.yaml --arg offset=0.5": FAILS,
    },
    "minute_parity": {
        "HARDSEQ_MINUTE=8 hardseq run minute_parity.yaml": PASSES,
        "HARDSEQ_MINUTE=7 hardseq run minute_parity.yaml": FAILS,
    },
    "operator_messages": {"hardseq run operator_messages.yaml --arg attended=false": PASSES},
    "packages": {
        "hardseq run sequences/multimeter.yaml": PASSES,
        "hardseq run sequences/can_bus.yaml": PASSES,
        "hardseq run sequences/modbus.yaml": PASSES,
        "hardseq call dmm.voltage": PASSES,
    },
    "several_configurations": {
        "hardseq run": PASSES,
        "hardseq run sequences/full.yaml": PASSES,
    },
    "several_slots": {
        f"hardseq run several_slots.yaml {arguments}": result
        for arguments, result in {
            " ".join(f"--arg nest_{number}.serial=SN{number}" for number in range(1, 5)): PASSES,
            "--slot nest_1 --slot nest_3 --arg nest_1.serial=SN5 --arg nest_3.serial=SN6": PASSES,
            "--slot nest_1 --slot nest_2 --arg nest_1.serial=SN666 --arg nest_2.serial=SN7": FAILS,
        }.items()
    },
    "several_stands": {"hardseq run stand_1": PASSES, "hardseq run stand_2": PASSES},
    "skip_test": {
        "hardseq run skip_test.yaml": PASSES,
        "hardseq run skip_test.yaml --arg with_radio=true": PASSES,
        "hardseq run skip_test.yaml --only board::power": PASSES,
        "hardseq run skip_test.yaml --tag quick": PASSES,
    },
    "stand_equipment": {
        "hardseq run stand_equipment.yaml": PASSES,
        "hardseq run stand_equipment.yaml --arg today=2099-01-01": FAILS,
    },
    "variants": {
        "hardseq run psb.yaml --arg part_number=PSB-24": PASSES,
        "hardseq run psb.yaml --arg part_number=PSB-12": PASSES,
        "hardseq run psb.yaml --arg part_number=PSB-48": REFUSED,
        "hardseq limits list psb.yaml": PASSES,
        "hardseq limits list psb.yaml --variant PSB-12 --format html": PASSES,
    },
}
"""What each command ends with."""

NOT_HERE = {
    "hardseq run dialogs.yaml": "asks a person; answered over HTTP in its own test",
    "hardseq run dialogs.yaml --only one_thing::torque": "asks a person; answered over HTTP in its own test",
    "hardseq run operator_messages.yaml": "waits for a person; answered over HTTP in its own test",
    "hardseq run instruments_with_simulation.yaml": "needs the instruments",
    "hardseq run minute_parity.yaml": "depends on the time of day",
    "hardseq panel": "serves until it is stopped",
    "hardseq panel stand_1": "serves until it is stopped",
    "hardseq panel stand_2": "serves until it is stopped",
    "hardseq sync": "run against a CouchDB by its own test",
    "hardseq runs list": "run against a CouchDB by its own test",
    "hardseq runs show latest": "shows what the line before it made",
}
"""Commands of a README that are not simply run, and why."""


def readme_commands(example: str) -> list[str]:
    """The commands of an example's README that start hardseq, each without a leading change of folder."""
    lines = (EXAMPLES / example / "README.md").read_text(encoding="utf-8").splitlines()
    commands = [line.strip() for line in lines if line.startswith("    ") and "hardseq " in line]
    return [command.split("&& ")[-1] for command in commands if not command.startswith("pip ")]


def hardseq(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a README's command without its page."""
    words = shlex.split(command)
    settings = [word for word in words if "=" in word and word.startswith("HARDSEQ_")]
    arguments = [word for word in words[len(settings) + 1 :] if word != "--open"]
    if arguments[0] == "run":
        arguments.append("--no-panel")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict(setting.split("=", 1) for setting in settings)}
    return subprocess.run(
        [sys.executable, "-m", "sequencer", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.fixture
def copied(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The example in a folder of its own, as somebody who copied it has it."""
    return Path(shutil.copytree(EXAMPLES / request.param, tmp_path / request.param, ignore=IGNORED))


IGNORED = shutil.ignore_patterns(".hardseq", "__pycache__")


def report(folder: Path) -> dict[str, Any]:
    """The newest stored report of a project."""
    done = hardseq("hardseq runs export latest --format json", folder)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_every_command_of_a_readme_is_known_here(example: str) -> None:
    """No README names a command that no test runs."""
    if example in ELSEWHERE:
        pytest.skip(ELSEWHERE[example])
    commands = readme_commands(example)
    assert commands, "its README says how to run it"
    assert set(commands) - set(COMMANDS.get(example, {})) <= set(NOT_HERE)
    assert set(COMMANDS.get(example, {})) <= set(commands), "and the README says all that is run here"


@pytest.mark.parametrize(
    ("copied", "command", "status"),
    [(example, command, status) for example, known in COMMANDS.items() for command, status in known.items()],
    ids=[command for known in COMMANDS.values() for command in known],
    indirect=["copied"],
)
def test_a_command_ends_as_its_readme_says(copied: Path, command: str, status: int) -> None:
    """Each example passes, fails or is refused as it tells its reader, from a copy of its folder alone."""
    done = hardseq(command, copied)
    assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr
