"""``hardseq init``: a project that runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli.init_configuration import (
    configuration_text,
    dotenv_text,
    setting_options,
    slots_text,
    uses_couchdb,
    with_setting_options,
)
from sequencer.project.project_folder import FOREIGN_CONFIGURATION
from sequencer.project.settings import MOST_SLOTS
from sequencer.terminal.output import say

_FILES = ("sequences/minute.yaml", "drivers/minute_clock.py")
_RENAMED = {
    "vscode/settings.json": ".vscode/settings.json",
    "vscode/extensions.json": ".vscode/extensions.json",
    "gitignore": ".gitignore",
}
_COUCHDB_NOTE = "\nReports go to CouchDB: `docker compose up -d` starts one whose user and password are in `.env`.\n"
_SECRETS_NOTE = "\nSecrets are in `.env`, which does not belong in version control.\n"


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--slots",
    type=click.IntRange(2, MOST_SLOTS),
    help="How many products the stand tests at the same time; default: one, without slots.",
)
@with_setting_options
def command(folder: Path, slots: int | None, **settings: object) -> ExitCode:
    """Make a project in DIR (default: here): configuration, sequence, driver, editor settings.

    Each further option below is a setting of hardseq.toml. Secrets go to .env instead.
    """
    given = _given(settings)
    texts = project_files(folder.absolute().name, given, slots or 0)
    if (folder / FOREIGN_CONFIGURATION).exists():
        raise Refusal(
            f"{folder} has a {FOREIGN_CONFIGURATION}, which is used as it is: a hardseq.toml would disable it",
            hint="put sequences into the folder `sequences` and run; or choose another folder",
        )
    present = [name for name in texts if (folder / name).exists()]
    if present:
        raise Refusal(f"{folder} already has {', '.join(present)}", hint="nothing was written; choose another folder")
    for name, text in texts.items():
        _write(folder / name, text)
    say(f"made {folder.absolute()}:", bold=True)
    for name in texts:
        say(f"  {name}")
    say(f"try: hardseq run {folder}" if folder != Path() else "try: hardseq run")
    return ExitCode.PASSED


def _given(settings: Mapping[str, object]) -> dict[tuple[str, ...], object]:
    """The settings that were given by their paths, with what they need beside them."""
    given = {option.path: value for option in setting_options() if (value := settings[option.argument]) is not None}
    if uses_couchdb(given):
        import secrets

        given["database", "storage_type"] = "couchdb"
        given.setdefault(("database", "user"), "dev")
        given.setdefault(
            ("database", "password"), os.environ.get("HARDSEQ_DATABASE_PASSWORD") or secrets.token_urlsafe(12)
        )
    return given


def project_files(title: str, given: Mapping[tuple[str, ...], object], slots: int = 0) -> dict[str, str]:
    """The files of a new project by their names. Raises ``Refusal`` when the settings would not be accepted."""
    from sequencer.cli.schema import schema_text

    given = {("tests_name",): title, **given}
    dotenv = dotenv_text(given)
    notes = (_COUCHDB_NOTE if uses_couchdb(given) else "") + (_SECRETS_NOTE if dotenv else "")
    template = files("sequencer.cli") / "project_template"
    texts = {"hardseq.toml": configuration_text(title, given) + slots_text(slots)}
    _refuse_unusable(texts["hardseq.toml"])
    for name in (*_FILES, *_RENAMED):
        texts[_RENAMED.get(name, name)] = (template / name).read_text("utf-8")
    if uses_couchdb(given):
        compose = (template / "docker-compose.yaml").read_text("utf-8")
        texts["docker-compose.yaml"] = compose.replace("@port@", str(given.get(("database", "port"), 5984)))
    texts["README.md"] = Template((template / "README.md").read_text("utf-8")).substitute(title=title, notes=notes)
    for name in ("sequence", "config"):
        texts[f"schemas/{name}.schema.json"] = schema_text(name)
    return {**texts, ".env": dotenv} if dotenv else texts


def _refuse_unusable(text: str) -> None:
    from sequencer.project.settings_reader import read_settings

    for problem in read_settings(text, "hardseq.toml", {}).problems:
        if problem.severity == "error":
            raise Refusal(problem.message, hint=problem.hint)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if file.name == ".env" else 0o666
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8", newline="\n"
    ) as out:
        out.write(text)
