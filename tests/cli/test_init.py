from __future__ import annotations

import re
import stat
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from sequencer.cli.init_configuration import setting_options
from sequencer.cli.main import command_line
from sequencer.project.project_folder import open_project

ROOT = Path(__file__).parents[2]


def init(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, ["init", *arguments])


def test_a_new_project_has_what_it_needs(tmp_path: Path) -> None:
    """`hardseq init` writes configuration, sequence, driver, editor settings and schemas."""
    folder = tmp_path / "stand"
    result = init(str(folder))
    assert result.exit_code == 0
    written = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert written == {
        ".gitignore",
        ".vscode/extensions.json",
        ".vscode/settings.json",
        "README.md",
        "drivers/minute_clock.py",
        "hardseq.toml",
        "schemas/config.schema.json",
        "schemas/sequence.schema.json",
        "sequences/minute.yaml",
    }
    project = open_project(folder, {})
    assert project.problems == ()
    assert project.settings.tests_name == "stand"
    assert project.settings.database.storage_type == "embedded"


@pytest.mark.parametrize("count", [2, 64])
def test_a_project_for_several_products(tmp_path: Path, count: int) -> None:
    """`--slots` writes that many slots in their order, which check finds nothing wrong with; their examples too."""
    folder = tmp_path / "stand"
    assert init(str(folder), "--slots", str(count), "--stand-name", "S1").exit_code == 0
    project = open_project(folder, {})
    assert project.problems == ()
    assert project.settings.stand.name == "S1"
    assert [(place.name, place.number, place.drivers) for place in project.settings.slots.places] == [
        (f"slot_{number}", number, {}) for number in range(1, count + 1)
    ]
    checked = CliRunner().invoke(command_line, ["check", str(folder)])
    assert (checked.exit_code, checked.output) == (0, "no problems\n")
    text = (folder / "hardseq.toml").read_text("utf-8")
    examples = re.sub(r"^# (?=\[slots|port)", "", text, flags=re.MULTILINE)
    (folder / "hardseq.toml").write_text(examples, "utf-8")
    last = open_project(folder, {}).checked().settings.slots.places[-1]
    assert last.drivers == {"board": {"port": f"/dev/ttyUSB{count - 1}"}}


@pytest.mark.parametrize("count", ["1", "65", "many"])
def test_a_number_of_slots_that_no_stand_has(tmp_path: Path, count: str) -> None:
    """One product needs no slots; nothing is written."""
    result = init(str(tmp_path / "stand"), "--slots", count)
    assert result.exit_code == 2
    assert "--slots" in result.output
    assert not (tmp_path / "stand").exists()


@pytest.mark.parametrize("name", ["sequences/minute.yaml", "drivers/minute_clock.py"])
def test_the_template_is_the_example(name: str) -> None:
    """What init writes is the sequence and the driver that this repository runs itself."""
    template = ROOT / "sequencer" / "cli" / "project_template" / name
    assert template.read_text("utf-8") == (ROOT / name).read_text("utf-8")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A folder that already has one of the files is left as it is."""
    (tmp_path / "README.md").write_text("mine")
    result = init(str(tmp_path))
    assert result.exit_code == 2
    assert "already has README.md" in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["README.md"]


def test_the_reference_example_of_stand_cloud(tmp_path: Path) -> None:
    """`--sc-api-key` and `--sc-autosync` make a project that sends by itself, its key in .env alone."""
    folder = tmp_path / "stand_cloud"
    result = init(str(folder), "--sc-api-key", "k-1 23", "--sc-autosync")
    assert result.exit_code == 0 and "k-1 23" not in result.output
    settings = open_project(folder, {}).checked().settings
    assert settings.stand_cloud.autosync and settings.stand_cloud.address == "standcloud.io"
    assert settings.stand_cloud.api_key is not None and settings.stand_cloud.api_key.reveal() == "k-1 23"
    holders = [file.name for file in folder.rglob("*") if file.is_file() and "k-1 23" in file.read_text("utf-8")]
    assert holders == [".env"]
    if sys.platform != "win32":
        assert stat.S_IMODE((folder / ".env").stat().st_mode) & 0o077 == 0


def test_a_couchdb_project_brings_its_server(tmp_path: Path) -> None:
    """With CouchDB there is a compose file whose user and password are those that the project itself uses."""
    assert init(str(tmp_path / "p"), "--storage-type", "couchdb", "--database-port", "15984").exit_code == 0
    database = open_project(tmp_path / "p", {}).checked().settings.database
    assert (database.storage_type, database.port, database.user) == ("couchdb", 15984, "dev")
    service = yaml.safe_load((tmp_path / "p" / "docker-compose.yaml").read_text())["services"]["couchdb"]
    assert service["ports"] == ["127.0.0.1:15984:5984"]
    dotenv = (tmp_path / "p" / ".env").read_text()
    assert database.password is not None and f"HARDSEQ_DATABASE_PASSWORD={database.password.reveal()}" in dotenv
    assert "HARDSEQ_DATABASE_USER=dev" in dotenv


def test_every_option_reaches_its_setting(tmp_path: Path) -> None:
    """Each option of init ends up in the configuration under its section and key."""
    arguments = []
    for option in setting_options():
        schema = option.schema
        values = {"boolean": None, "integer": "7", "number": "7", "string": "https://a.example/b"}
        value = (
            schema["enum"][-1]
            if "enum" in schema
            else "abc"
            if schema.get("pattern", "").startswith("^[a-z]")
            else "cups:labels"
            if "cups:" in schema.get("pattern", "")
            else values[schema["type"]]
        )
        arguments += [option.name] if value is None else [option.name, value]
    result = init(str(tmp_path / "p"), *arguments)
    assert result.exit_code == 0, result.output
    document = tomllib.loads((tmp_path / "p" / "hardseq.toml").read_text("utf-8"))
    for option in setting_options():
        found = document
        for key in option.path:
            found = found.get(key, {})
        assert (found == {}) == (option.secret is not None), option.name


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--frontend-port", "0", "port"),
        ("--frontend-language", "xx", "language"),
        ("--sc-address", "http://standcloud.io", "unprotected"),
        ("--database-timeout", "nan", "timeout"),
    ],
)
def test_settings_that_would_be_refused_write_nothing(tmp_path: Path, option: str, value: str, said: str) -> None:
    """An option whose value the configuration would not accept is refused before anything is written."""
    result = init(str(tmp_path / "p"), option, value)
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("title", ['quote " and \\ back', "tab\tand\x7f", "Prüfstand 日本"])
def test_any_title_survives_the_configuration(tmp_path: Path, title: str) -> None:
    """A title with quotes, control characters or other scripts is read back as it was given."""
    assert init(str(tmp_path / "p"), "--tests-name", title).exit_code == 0
    assert open_project(tmp_path / "p", {}).checked().settings.tests_name == title
