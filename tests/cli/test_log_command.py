"""``hardseq log``, and what of ``hardseq users`` stands in it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from sequencer.app.exit_codes import Refusal
from sequencer.cli import log
from sequencer.cli import users as users_command
from sequencer.project import users
from sequencer.project.action_log import ActionLog


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash of the real cost takes a quarter of a second."""
    monkeypatch.setattr(users, "COST", (4, 1, 1))


def call(command: click.Command, folder: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, [*arguments, "--project", str(folder)], input=typed, standalone_mode=False)


def test_who_changed_the_users_is_in_the_log(tmp_path: Path) -> None:
    """Each change with who, when, what and why, refused ones too; no PIN, badge or token; as table, JSON and CSV."""
    add = ("add", "Ada", "--role", "engineer", "--pin", "--badge", "--token", "--why", "=new here")
    token = call(users_command.command, tmp_path, *add, typed="47110815\nB-08154711\n").output
    call(users_command.command, tmp_path, "change", "Ada", "--role", "manager")
    call(users_command.command, tmp_path, "remove", "Nobody")
    call(users_command.command, tmp_path, "remove", "Ada")
    shown = call(log.command, tmp_path, "--format", "json")
    actions = json.loads(shown.stdout)["actions"]
    assert [(one["action"], one["outcome"], one["details"]) for one in actions] == [
        ("users remove", "done", {"name": "Ada"}),
        ("users remove", "refused", {"name": "Nobody"}),
        ("users change", "done", {"name": "Ada", "role": "manager"}),
        ("users add", "done", {"name": "Ada", "role": "engineer", "new": ["pin", "badge", "token"]}),
    ]
    assert actions[-1]["why"] == "=new here"
    assert all(one["source"].startswith("command line, ") and one["user"] is None for one in actions)
    written = (tmp_path / ".hardseq" / "actions.jsonl").read_text()
    secret = next(line for line in token.splitlines() if line.startswith("hsq_"))
    assert not [one for one in ("47110815", "08154711", secret) if one in written]
    rows = list(csv.DictReader(io.StringIO(call(log.command, tmp_path, "--format", "csv").stdout)))
    assert (len(rows), rows[-1]["why"], rows[-1]["action"]) == (4, "'=new here", "users add")
    table = call(log.command, tmp_path, "--limit", "1").stdout
    assert "users remove" in table and "users add" not in table
    assert json.loads(call(log.command, tmp_path, "--format", "json", "--until", "7d").stdout) == {"actions": []}


def test_without_the_log_the_users_stay_as_they_are(tmp_path: Path) -> None:
    """Where it cannot be written, nobody is added: the command says so."""
    (tmp_path / ".hardseq" / "actions.jsonl").mkdir(parents=True)
    refused = call(users_command.command, tmp_path, "add", "Ada")
    assert isinstance(refused.exception, Refusal) and "log cannot be written" in str(refused.exception)
    assert not (tmp_path / "users.toml").exists()


def test_lines_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """The others are shown."""
    path = tmp_path / ".hardseq" / "actions.jsonl"
    with ActionLog(path).action("sync", source="panel"), path.open("ab") as file:
        file.write(b"{nonsense\n")
    shown = call(log.command, tmp_path)
    assert "sync" in shown.stdout and "1 of the latest lines" in shown.stderr
