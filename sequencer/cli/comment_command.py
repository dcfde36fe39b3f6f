"""Adds a comment or a disposition to a stored run, for ``hardseq runs comment``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import no_such_run, opened_deliveries, usable_project
from sequencer.cli.account import account
from sequencer.project.action_log import LogUnwritable
from sequencer.project.project_folder import Project
from sequencer.project.users import User, UsersFile, UsersUnusable
from sequencer.report.model import Disposition
from sequencer.report.note import LONGEST_COMMENT, Note, NoteRefused, new_note
from sequencer.terminal.output import say


def add_comment(path: Path, run_id: str, comment: str, disposition: Disposition | None, name: str | None) -> ExitCode:
    """Adds it. Raises ``Refusal``, also for a waiver of somebody who is no manager."""
    if len(comment) > LONGEST_COMMENT:
        raise Refusal(f"the comment has more than {LONGEST_COMMENT} characters")
    project = usable_project(path)
    file = project.users_file()
    user = _logged_in(file, name) if file.enabled else None
    with opened_deliveries(path) as deliveries:
        located = deliveries.locate(run_id)
        if located is None:
            raise no_such_run(deliveries, run_id)
        try:
            note = new_note(
                located.id,
                user=name or account() if user is None else user.name,
                source=f"command line, {account()}",
                comment=comment,
                disposition=disposition,
            )
        except NoteRefused as refused:
            raise Refusal(str(refused)) from None
        add = partial(deliveries.add_note, note, located)
        if disposition == "waived":
            _waive(project, note, user, add)
        else:
            add()
    say(f"added to run {note.run}")
    return ExitCode.PASSED


def _waive(project: Project, note: Note, user: User | None, add: Callable[[], None]) -> None:
    """As the panel does: only a manager does it, and it is in the log before it is done."""
    try:
        with project.action_log().action(
            "add_note",
            source=note.source,
            user=None if user is None else user.name,
            role=None if user is None else user.role,
            details={"run": note.run, "comment": note.comment[:200], "disposition": "waived"},
        ) as outcome:
            if user is not None and user.role != "manager":
                outcome.refused("role-needed")
                raise Refusal("only a manager waives", code=ExitCode.FAILED)
            add()
    except LogUnwritable as unwritable:
        raise Refusal(f"this is logged, and the log cannot be written: {unwritable}") from None


def _logged_in(file: UsersFile, name: str | None) -> User:
    """The user called ``name``, who shows a PIN, a badge or a token. Raises ``Refusal``."""
    if name is None:
        raise Refusal("people log in here: say who you are", hint="--user NAME; the PIN is asked for")
    try:
        users = file.read()
    except UsersUnusable as unusable:
        raise Refusal(str(unusable)) from None
    asked: str = click.prompt("PIN, badge or token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    typed = asked.strip()
    shown = (users.with_pin(name, typed), users.with_badge(typed), users.with_token(typed))
    known = users.named(name)
    if known is None or known not in shown:
        raise Refusal("nobody has this name and this PIN", code=ExitCode.FAILED)
    return known
