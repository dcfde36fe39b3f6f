"""The tutorial's project with several slots: a sequence for one product, then what the slots share."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sequencer.cli.main import command_line

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")
BEFORE, CHAPTER = re.split(r"^## 9\. Several products at once$", TUTORIAL, flags=re.MULTILINE)


def code(language: str, text: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


(METER,) = code("python", BEFORE)
ONE_PRODUCT = code("yaml", BEFORE)[-1]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tutorial's project before its chapter about slots."""
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    assert hardseq("init .").exit_code == 0
    Path("drivers", "bench.py").write_text(METER, "utf-8")
    Path("sequences", "rails.yaml").write_text(ONE_PRODUCT, "utf-8")
    return tmp_path


def hardseq(command: str) -> Result:
    """A command of the tutorial, in this process."""
    return CliRunner().invoke(command_line, shlex.split(command))


def add(file: Path, text: str) -> None:
    file.write_text(f"{file.read_text('utf-8')}\n{text}", "utf-8")


@pytest.mark.slow
def test_a_sequence_for_one_product_runs_in_a_fixture_of_eight(project: Path) -> None:
    """By editing hardseq.toml alone: it passes in one slot, then in each of eight with arguments of its own."""
    sequence = project / "sequences" / "rails.yaml"
    before = sequence.read_bytes()
    alone = hardseq("run --no-panel sequences/rails.yaml --arg serial=SN000009")
    assert alone.exit_code == 0, alone.output
    names = [f"nest_{number}" for number in range(1, 9)]
    add(
        project / "hardseq.toml",
        "".join(f"[slots.{name}.drivers.meter]\nnoise = 0.0{n}\n" for n, name in enumerate(names)),
    )
    serials = {name: f"SN00000{number}" for number, name in enumerate(names)}
    given = " ".join(f"--arg {name}.serial={serial}" for name, serial in serials.items())
    done = hardseq(f"run --no-panel sequences/rails.yaml {given} --report out")
    assert done.exit_code == 0, done.output
    reports = {name: json.loads(Path("out", f"{name}.json").read_text("utf-8")) for name in names}
    assert {name: report["dut"]["serial_number"] for name, report in reports.items()} == serials
    assert [report["slot"] for report in reports.values()] == [
        {"name": name, "number": number} for number, name in enumerate(names, 1)
    ]
    assert {report["status"] for report in reports.values()} == {"passed"}
    assert len({report["id"] for report in reports.values()}) == 8
    assert sequence.read_bytes() == before


@pytest.mark.slow
def test_the_chapter_about_slots_leads_where_it_says(project: Path) -> None:
    """Its files and commands one after the other: three meters, then one that is shared, and who waited for it."""
    (slots,), (drivers,), (shared,) = (code(language, CHAPTER) for language in ("toml", "python", "yaml"))
    commands = re.findall(r"^\$ hardseq (.*)$", CHAPTER, re.MULTILINE)
    run, check, show = commands
    configuration = project / "hardseq.toml"
    add(configuration, slots)
    assert hardseq("check").output == "no problems\n"
    three = hardseq(f"{run} --no-panel")
    assert (three.exit_code, three.output.count("meter closed")) == (0, 3), three.output

    add(project / "drivers" / "bench.py", f"\n{drivers}")
    Path("sequences", "rails.yaml").write_text(shared, "utf-8")
    refused = hardseq(check).output
    assert f"$ hardseq check\n{refused}```" in CHAPTER
    configuration.write_text(configuration.read_text("utf-8").replace("[slots.left.drivers.", "[drivers."), "utf-8")
    assert hardseq("check").output == "no problems\n"

    one = hardseq(f"{run} --no-panel")
    assert (one.exit_code, one.output.count("meter closed")) == (0, 1), one.output
    assert one.output.count("40 °C in the chamber") == 1
    ends = re.compile(r"^(?:verdict|slots) .*$", re.MULTILINE)
    assert ends.findall(one.output) == ends.findall(CHAPTER)
    labels = re.compile(r"^\w+ {4,}(?:left|middle|right|(?=[0-9a-f-]{36}$)|(?=3 passed))", re.MULTILINE)
    assert labels.findall(one.output) == labels.findall(CHAPTER)
    (start,) = re.findall(r"^start +(\S+)$", one.output, re.MULTILINE)
    shown = hardseq(f"{show.rsplit(' ', 1)[0]} {start}")
    assert shown.exit_code == 0, shown.output
    # Whether one waits for the meter depends on when each comes; at the sync point all but one always wait.
    assert re.search(r"^waited for .*\n(?:.*\n)*?sync warm ", shown.output, re.MULTILINE), shown.output
    assert [name for name in ("left", "middle", "right") if f"\n{name}" not in shown.output] == []
