from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sequencer.cli.main import command_line
from tests.store.tampering import change_report

GOOD = """\
name: Good
modules:
  main:
    cases:
      a:
        steps:
          - measure: Rail
            value: ${{ 5 }}
            unit: V
            limits: [4, 6]
"""
BAD = GOOD.replace("limits", "limit").replace("value: ${{ 5 }}", "value: ${{ 5 +")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a project with one good sequence."""
    (tmp_path / "sequences").mkdir()
    (tmp_path / "sequences/good.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    return tmp_path


def hardseq(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, arguments)


def test_a_clean_project(project: Path) -> None:
    """A folder without problems ends with 0 and says so."""
    result = hardseq("check")
    assert (result.exit_code, result.output) == (0, "no problems\n")


METER = """\
class Meter:
    def __init__(self, address="USB0"): ...
    def volts(self): return 5.0
"""


@pytest.mark.parametrize("path", [".", "hardseq.toml"])
def test_drivers_of_the_configuration(project: Path, path: str) -> None:
    """An argument that a driver does not take is an error, a driver that no sequence has a warning, both with hints."""
    (project / "drivers").mkdir()
    (project / "drivers/dmm.py").write_text(METER)
    steps = "{steps: [{measure: Rail, call: meter.volts, limits: [4, 6]}]}"
    (project / "sequences/good.yaml").write_text(
        f"name: Good\ndrivers: {{meter: dmm.Meter}}\nmodules: {{main: {{cases: {{a: {steps}}}}}}}\n"
    )
    meter = "[drivers.meter]\nadress = 'USB1'\naddress = 'USB2'\nreopen = 'never'\n[drivers.meter.require]\nidn = 'X'\n"
    (project / "hardseq.toml").write_text(f"{meter}[drivers.metr]\naddress = 'USB3'\n")
    result = hardseq("check", path)
    assert result.exit_code == 1
    assert "hardseq.toml:2:1: error: `Meter` has no argument `adress` [unknown-argument]" in result.output
    assert "did you mean `address`?" in result.output
    assert "hardseq.toml:7:10: warning: no sequence here has a driver `metr` [unknown-driver]" in result.output
    assert "did you mean `meter`?" in result.output
    assert "1 error, 1 warning" in result.output


SLOTS = """\
[slots.left.drivers.board]
prt = "COM1"
port = "COM1"
[slots.left.drivers.metr]
address = "USB1"
[slots.right.drivers.meter]
address = "USB2"
"""
SLOT_DRIVERS = (
    METER
    + """\
class Board:
    def __init__(self, port="COM0"): ...
    def volts(self): return 5.0
"""
)


@pytest.fixture
def slots(project: Path) -> Path:
    """A stand of two slots with a meter for both, and what is wrong with their drivers' arguments."""
    (project / "drivers").mkdir()
    (project / "drivers/dmm.py").write_text(SLOT_DRIVERS)
    steps = "{steps: [{check: true}, {call: board.volts}, {call: meter.volts}]}"
    drivers = "{board: dmm.Board, meter: {use: dmm.Meter, shared: true}}"
    (project / "sequences/good.yaml").write_text(
        f"name: Good\ndrivers: {drivers}\nmodules: {{main: {{cases: {{a: {steps}}}}}}}\n"
    )
    (project / "hardseq.toml").write_text(SLOTS)
    return project


def test_arguments_of_each_slot(slots: Path) -> None:
    """They are checked like those of the stand, with the slot named, and a shared driver has none of a slot's own."""
    result = hardseq("check", ".")
    assert result.exit_code == 1
    told = [line for line in result.output.splitlines() if line.startswith("hardseq.toml")]
    assert told == [
        "hardseq.toml:2:1: error: `Board` has no argument `prt` (slot `left`) [unknown-argument]",
        "hardseq.toml:4:21: warning: no sequence here has a driver `metr` (slot `left`) [unknown-driver]",
        "hardseq.toml:6:22: error: `meter` is shared by all slots: `right` cannot give it arguments of its own "
        "[shared-arguments]",
    ]
    assert "did you mean `port`?" in result.output
    assert "give them in [drivers.meter]" in result.output


@pytest.mark.parametrize("arguments", [["check"], ["run", "--no-panel"]])
def test_a_sequence_whose_shared_driver_has_arguments_of_a_slot(slots: Path, arguments: list[str]) -> None:
    """Neither check nor run lets it pass, though its own file is right; the problem lies in the configuration."""
    result = hardseq(*arguments, "sequences/good.yaml")
    assert result.exit_code == (1 if arguments == ["check"] else 2)
    assert "hardseq.toml:6:22: error: `meter` is shared by all slots" in result.output
    assert "6 | [slots.right.drivers.meter]" in result.output
    assert "prt" not in result.output
    (slots / "hardseq.toml").write_text(SLOTS.replace("[slots.right.drivers.meter]", "[slots.right.drivers.board]"))
    assert hardseq("check", "sequences/good.yaml").output == "no problems\n"


@pytest.mark.parametrize(
    ("declared", "configured", "told"),
    [
        (
            "{use: dmm.Board, with: {port: COM1}}",
            "",
            "7:8: warning: the slots `left`, `middle` and `right` open the same instrument as `board`: port = 'COM1'",
        ),
        ("dmm.Board", "[drivers.board]\nport = 'COM1'\n", "7:8: warning: the slots `left`, `middle` and `right` open"),
        (
            "{use: dmm.Board, with: {port: COM1}}",
            "[slots.left.drivers.board]\nport = 'COM2'",
            "8:8: warning: the slots `middle` and `right` open",
        ),
        ("{use: dmm.Board, with: {port: 'COM${{ slot.number }}'}}", "", None),
        ("{use: dmm.Board, with: {port: COM1}, shared: true}", "", None),
        ("dmm.Board", "", None),
        ("{use: dmm.Server, with: {url: http://mes}}", "", None),
    ],
)
def test_an_instrument_that_several_slots_would_open(
    project: Path, declared: str, configured: str, told: str | None
) -> None:
    """Nobody would know whose product it measures; what takes turns, has no address, or serves many is none."""
    (project / "drivers").mkdir()
    (project / "drivers/dmm.py").write_text(SLOT_DRIVERS + "class Server(Board):\n    def __init__(self, url): ...\n")
    steps = "{steps: [{check: true}, {call: board.volts}]}"
    (project / "sequences/good.yaml").write_text(
        f"name: Good\ndrivers: {{board: {declared}}}\nmodules: {{main: {{cases: {{a: {steps}}}}}}}\n"
    )
    slots = "[slots.left]\n[slots.middle]\n[slots.right]\n"
    (project / "hardseq.toml").write_text(f"# at the\n# top\n# of\n# it\n# all\n{slots}{configured}")
    result = hardseq("check")
    assert result.exit_code == 0
    if told is None:
        assert result.output == "no problems\n"
    else:
        assert f"hardseq.toml:{told}" in result.output
        assert result.output.count("[same-instrument]") == 1


@pytest.mark.parametrize(
    ("code", "param", "told"),
    [
        ("SN000001", '{type: string, required: true, pattern: "^SN[0-9]{6}$"}', True),
        ("NEST-1", '{type: string, required: true, pattern: "^SN[0-9]{6}$"}', False),
        ("SN000001", "{type: string, required: true}", False),
        ("SN000001", '{type: string, default: SN000009, each_run: false, pattern: "^SN"}', False),
    ],
)
def test_a_code_of_a_slot_that_could_be_a_serial_number(project: Path, code: str, param: str, told: bool) -> None:
    """A product of that number could not be tested; where nothing tells the two apart, nothing is said."""
    (project / "sequences/good.yaml").write_text(
        f"name: Good\nparams: {{serial: {param}}}\nmodules: {{main: {{cases: {{a: {{steps: [{{check: true}}]}}}}}}}}\n"
    )
    (project / "hardseq.toml").write_text(f'[slots.left]\ncode = "{code}"\n[slots.right]\n')
    result = hardseq("check")
    assert result.exit_code == 0
    place = f"hardseq.toml:2:8: warning: `serial` takes '{code}', the code of slot `left`: no product can have it"
    assert (place in result.output, result.output == "no problems\n") == (told, not told), result.output


def test_sequences_that_the_configuration_names(project: Path) -> None:
    """They are checked with the folder wherever they lie; one that is not there is a problem of the configuration."""
    (project / "shared").mkdir()
    (project / "shared/bad.yaml").write_text(BAD)
    choices = [("a", "shared/bad.yaml"), ("b", "sequences/good.yaml"), ("c", "sequences/gone.yaml")]
    tables = (f'[[test_configs]]\nname = "{name}"\nfile = "{file}"\n' for name, file in choices)
    (project / "hardseq.toml").write_text("".join(tables))
    result = hardseq("check")
    assert result.exit_code == 1
    assert "shared/bad.yaml:10:13: error: unknown key `limit`" in result.output
    assert "hardseq.toml:9:8: error: there is no sequence file sequences/gone.yaml [unreadable-file]" in result.output
    assert result.output.count("good.yaml") == 0


def test_a_logo_that_cannot_be_shown(project: Path) -> None:
    """It is a problem of the configuration, at its place; a report is exported without it, and says so."""
    (project / "hardseq.toml").write_text('[frontend]\nlogo = "gone.svg"\n')
    result = hardseq("check")
    assert result.exit_code == 1
    assert (
        "hardseq.toml:2:8: error: there is no picture 'gone.svg' in the project folder [missing-file]" in result.output
    )
    assert hardseq("run", "sequences/good.yaml", "--no-panel").exit_code == 0
    result = hardseq("runs", "export", "latest", "--format", "html", "-o", "report.html")
    assert result.exit_code == 0
    assert "without the logo: there is no picture 'gone.svg'" in result.output
    assert "passed-sheet" in (project / "report.html").read_text("utf-8")


def test_problems_of_every_file_in_one_go(project: Path) -> None:
    """Sequences and the configuration of a folder are checked together; the exit code is 1."""
    (project / "sequences/bad.yaml").write_text(BAD)
    (project / "hardseq.toml").write_text("[frontend]\nport = 'x'\n")
    result = hardseq("check", ".")
    assert result.exit_code == 1
    assert "hardseq.toml:2:8: error: `port` must be" in result.output
    assert "sequences/bad.yaml:10:13: error: unknown key `limit`" in result.output
    assert "10 |             limit: [4, 6]" in result.output
    assert "= hint: did you mean `limits`?" in result.output
    assert "3 errors" in result.output


def test_a_configuration_with_which_a_sequence_does_not_run(project: Path) -> None:
    """Its errors are told for the sequence alone, once for all of them; its warnings are of other files."""
    configuration = "[stand]\nnumber = 9223372036854775808\n[stand_cloud]\naddress = 'standcloud.io'\nautosync = true\n"
    (project / "hardseq.toml").write_text(configuration)
    (project / "sequences/other.yaml").write_text(GOOD)
    result = hardseq("check", "sequences/good.yaml", "sequences/other.yaml")
    assert result.exit_code == 1
    assert (result.output.count("hardseq.toml:2:10: error:"), result.output.count("autosync")) == (1, 0)


def test_problems_as_json(project: Path) -> None:
    """`--format json` is a list of exactly the promised keys, also when it is empty."""
    (project / "sequences/bad.yaml").write_text(BAD)
    result = CliRunner().invoke(command_line, ["check", "sequences/bad.yaml", "--format", "json"])
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    keys = ["file", "line", "column", "end_line", "end_column", "code", "severity", "message", "hint"]
    assert all(list(problem) == keys for problem in found)
    place = {"file": "sequences/bad.yaml", "line": 10, "column": 13, "end_line": 10, "end_column": 18}
    assert place.items() <= found[-1].items()
    assert json.loads(hardseq("check", "--format", "json").stdout) != []
    assert hardseq("check", "sequences/good.yaml", "--format", "json").stdout == "[]\n"


def test_a_path_elsewhere_is_named_so_that_it_leads_there(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A problem outside the working folder has a whole path, one inside a relative one."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "bad.yaml"
    elsewhere.write_text(BAD)
    assert f"{elsewhere.as_posix()}:10:13: error" in hardseq("check", str(elsewhere)).output


@pytest.mark.parametrize(
    "line",
    [
        "api_key = swordfish",
        "stand_cloud.api_key = swordfish",
        "url = 'x:swordfish@db'",
        "url = 'http://u:swordfish@db' oops",
    ],
)
def test_no_problem_shows_a_secret(project: Path, line: str) -> None:
    """The source line under a problem of the configuration is shown without what is secret in it."""
    (project / "hardseq.toml").write_text(f"[database]\n{line}\n")
    result = hardseq("check", "hardseq.toml")
    assert result.exit_code == 1 and "hardseq.toml:2:" in result.output
    assert "swordfish" not in result.output
    assert "swordfish" not in hardseq("check", "hardseq.toml", "--format", "json").output


def test_warnings_count_only_when_strict(project: Path) -> None:
    """A warning leaves the exit code 0, and makes it 1 with `--strict`."""
    (project / "sequences/good.yaml").write_text(GOOD.replace("[4, 6]", "{eq: 5.5}"))
    assert hardseq("check").exit_code == 0
    result = hardseq("check", "--strict")
    assert result.exit_code == 1 and "warning" in result.output


def test_an_empty_folder_is_no_success(project: Path) -> None:
    """A folder without any sequence is a mistake of whoever named it."""
    (project / "empty").mkdir()
    result = hardseq("check", "empty")
    assert result.exit_code == 2 and "there is no sequence" in result.output


def test_watching_checks_again_after_a_change(project: Path) -> None:
    """`--watch` tells the problems of a file as soon as it is saved."""
    command = [sys.executable, "-m", "sequencer", "check", "--watch"]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment()
    ) as process:
        assert process.stdout is not None
        try:
            while "no problems" not in process.stdout.readline():
                assert process.poll() is None
            time.sleep(0.05)  # file systems with coarse times
            (project / "sequences/good.yaml").write_text(BAD)
            while "unknown key" not in process.stdout.readline():
                assert process.poll() is None
        finally:
            process.kill()


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_compiled_sequence_is_a_pytest_project(project: Path) -> None:
    """`hardseq compile` writes modules that plain pytest runs with the same verdict."""
    result = hardseq("compile", "sequences/good.yaml", "-o", "generated")
    assert result.exit_code == 0 and "pytest generated" in result.output
    command = [sys.executable, "-m", "pytest", "-q", "generated"]
    done = subprocess.run(command, cwd=project, env=_environment(), capture_output=True, text=True)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout


def test_an_invalid_sequence_is_not_compiled(project: Path) -> None:
    """A sequence with errors ends with 2, and nothing is written."""
    (project / "sequences/good.yaml").write_text(BAD)
    result = hardseq("compile", "sequences/good.yaml", "-o", "generated")
    assert result.exit_code == 2 and "unknown key" in result.output
    assert not (project / "generated").exists()


@pytest.fixture
def ran(project: Path) -> Path:
    """The project after one passed and two failed runs, the last of the failed ones partial."""
    worse = GOOD.replace("Good", "Worse").replace("[4, 6]", "[6, 7]")
    for text, options, code in ((GOOD, (), 0), (worse, (), 1), (worse, ("--only", "main::a"), 1)):
        (project / "sequences/good.yaml").write_text(text)
        command = [sys.executable, "-m", "sequencer", "run", "--no-panel", *options]
        done = subprocess.run(command, cwd=project, env=_environment(), capture_output=True, text=True, timeout=100)
        assert done.returncode == code, done.stdout + done.stderr
    return project


def test_history_is_listed_filtered_and_paged(ran: Path) -> None:
    """`hardseq runs` lists the newest first; filters and pages choose, as a table and as JSON."""
    table = hardseq("runs").output.splitlines()
    assert len(table) == 4 and "partial" in table[1] and "Good" in table[3]
    first = json.loads(hardseq("runs", "--limit", "2", "--format", "json").stdout)
    assert [run["status"] for run in first["runs"]] == ["failed", "failed"]
    second = json.loads(hardseq("runs", "list", "--cursor", first["next"], "--format", "json").stdout)
    assert [run["sequence"] for run in second["runs"]] == ["Good"] and second["next"] is None
    assert len(json.loads(hardseq("runs", "--verdict", "passed", "--format", "json").stdout)["runs"]) == 1
    assert (
        len(json.loads(hardseq("runs", "--sequence", "Worse", "--since", "1h", "--format", "json").stdout)["runs"]) == 2
    )
    assert hardseq("runs", "--until", "2001-01-01").output == "no runs\n"
    assert hardseq("runs", "--cursor", "nonsense").exit_code == 2
    assert [(run["changed"], run["imported"]) for run in second["runs"]] == [(False, None)]
    change_report(ran / ".hardseq/hardseq.sqlite3", second["runs"][0]["id"], user="Nobody")
    (good,) = json.loads(hardseq("runs", "--sequence", "Good", "--format", "json").stdout)["runs"]
    assert (good["status"], good["changed"]) == ("error", True)
    assert "error" in (row := hardseq("runs").output.splitlines()[3]) and "changed" in row


def test_one_run_is_shown(ran: Path) -> None:
    """`runs show` tells cases, values, limits and verdict of a run by its id or as `latest`."""
    shown = hardseq("runs", "show", "latest").output
    for said in ("Worse", "FAILED   main::a", "Rail = 5 V", "PARTIAL", "verdict   FAIL"):
        assert said in shown
    report = json.loads(hardseq("runs", "show", "latest", "--format", "json").stdout)
    assert hardseq("runs", "show", report["id"]).output == shown


@pytest.mark.parametrize("form", ["json", "standcloud", "junit", "csv", "html"])
def test_a_run_is_exported(ran: Path, form: str) -> None:
    """Every format is written to standard output, or with `-o` to a file, byte for byte the same."""
    result = hardseq("runs", "export", "latest", "--format", form)
    assert result.exit_code == 0 and "Rail" in result.stdout
    assert hardseq("runs", "export", "latest", "--format", form, "-o", "out/x").exit_code == 0
    assert (ran / "out/x").read_bytes() == result.stdout_bytes


@pytest.mark.parametrize("command", ["show", "export"])
def test_an_unknown_run_is_told(project: Path, command: str) -> None:
    """A run that is not there ends with 1."""
    assert "nothing has run yet" in hardseq("runs", command, "latest").output
    result = hardseq("runs", command, "0190")
    assert result.exit_code == 1 and "there is no run 0190" in result.output


@pytest.mark.parametrize("arguments", [["list"], ["show", "latest"], ["export", "latest"]])
def test_a_store_that_is_away_is_told(project: Path, arguments: list[str]) -> None:
    """Without its database the history ends with 1 and one sentence that holds no secret."""
    (project / "hardseq.toml").write_text(
        "[database]\nhost = '127.0.0.1'\nport = 9\nuser = 'u'\npassword = 'swordfish'\n"
    )
    result = hardseq("runs", *arguments)
    assert result.exit_code == 1
    assert "cannot be reached" in result.output and "swordfish" not in result.output


def test_an_unknown_format_is_told(ran: Path) -> None:
    """A format that does not exist ends with 2 and names those that do."""
    result = hardseq("runs", "export", "latest", "--format", "docx")
    assert result.exit_code == 2 and "json, csv, html" in result.output


def test_nothing_to_send(project: Path) -> None:
    """`hardseq sync` without any place to send to says so and ends with 0."""
    result = hardseq("sync")
    assert result.exit_code == 0
    assert "nothing is waiting" in result.output or "0 sent" in result.output


@pytest.mark.parametrize("command", ["start", "stop", "status"])
def test_without_a_panel(project: Path, command: str) -> None:
    """Commands for a running panel end with 1 when there is none."""
    result = hardseq(command)
    assert result.exit_code == 1 and "no panel is running" in result.output


def test_replication_that_is_not_configured(project: Path) -> None:
    """`hardseq replicate` without CouchDB says what is missing and ends with 2."""
    result = hardseq("replicate")
    assert result.exit_code == 2 and "[database]" in result.output
