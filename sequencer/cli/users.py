"""``hardseq users``: who may use this stand's panel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import usable_project
from sequencer.cli.account import account
from sequencer.cli.project_option import project_option
from sequencer.project.action_log import LONGEST_REASON, LogUnwritable
from sequencer.project.users import (
    LONGEST_NAME,
    ROLES,
    Role,
    User,
    UserRefused,
    Users,
    UsersUnusable,
    new_user_token,
    pin_hash,
    token_hash,
)
from sequencer.terminal.output import say, say_json

why_option = click.option("--why", metavar="TEXT", help="The reason, for the log of actions.")


def user_options(command: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """What a user may do and logs in with, and the project."""
    for option in (
        project_option,
        why_option,
        click.option("--token", is_flag=True, help="Make a token for programs and print it, this once."),
        click.option("--badge", is_flag=True, help="Ask for a scan of the badge; or it is on standard input."),
        click.option(
            "--pin",
            is_flag=True,
            help="Ask for a PIN, twice and without showing it; a script gives it on standard input.",
        ),
        click.option("--role", type=click.Choice(ROLES), help="What the user may do."),
    ):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Say who may use the panel: add, change, remove and list users."""


@command.command("add")
@click.argument("name")
@user_options
def add_user(
    name: str, role: Role | None, *, pin: bool, badge: bool, token: bool, why: str | None, project: Path
) -> ExitCode:
    """Add the user NAME, by default an operator. From the first user on, people log in."""
    change = UsersChange("users add", name, why, project)

    def begin(users: Users) -> User:
        if users.named(name) is not None:
            raise UserRefused(f"there is a user {name!r} already; `hardseq users change` changes one")
        return User(name, role or "operator")

    change.edit(begin, role=role or "operator", pin=pin, badge=badge, token=token)
    say(f"added {name} ({role or 'operator'}) to {change.file.path.name}", err=token)
    if not (pin or badge or token):
        say("without a PIN, a badge or a token only [frontend] login_without_pin lets them log in", err=True)
    return ExitCode.PASSED


@command.command("change")
@click.argument("name")
@user_options
def change_user(
    name: str, role: Role | None, *, pin: bool, badge: bool, token: bool, why: str | None, project: Path
) -> ExitCode:
    """Give the user NAME another role, PIN, badge or token. The former ones are worth nothing at once."""
    if role is None and not (pin or badge or token):
        raise Refusal("nothing to change", hint="use --role, --pin, --badge or --token")
    change = UsersChange("users change", name, why, project)

    def begin(users: Users) -> User:
        user = users.named(name)
        if user is None:
            raise UserRefused(f"there is no user {name!r}")
        return replace(user, role=role or user.role)

    change.edit(begin, role=role, pin=pin, badge=badge, token=token)
    say(f"changed {name}", err=token)
    return ExitCode.PASSED


@command.command("remove")
@click.argument("name")
@why_option
@project_option
def remove_user(name: str, why: str | None, project: Path) -> ExitCode:
    """Remove the user NAME, who is logged out at once."""
    UsersChange("users remove", name, why, project).carry_out(lambda users: users.without(name))
    say(f"removed {name}")
    return ExitCode.PASSED


@command.command("list")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
@project_option
def list_users(form: str, project: Path) -> ExitCode:
    """List the users with their roles and what they log in with."""
    file = usable_project(project).users_file()
    try:
        users = file.read().users if file.enabled else ()
    except UsersUnusable as unusable:
        raise Refusal(str(unusable)) from None
    ways = [[way for way in ("pin", "badge", "token") if getattr(user, way)] for user in users]
    if form == "json":
        found = zip(users, ways, strict=True)
        say_json({"users": [{"name": user.name, "role": user.role, "login": way} for user, way in found]})
    elif not users:
        say("no users: nobody needs to log in" if not file.enabled else "no users: nobody can log in", err=True)
    for user, way in zip(users, ways, strict=True) if form == "table" else ():
        say(f"{user.name:<24}  {user.role:<8}  {', '.join(way) or '–'}")
    return ExitCode.PASSED


class UsersChange:
    """The command ``action`` on the user called ``name``, which stands in the log of actions before it is done."""

    def __init__(self, action: str, name: str, why: str | None, project: Path) -> None:
        if why is not None and len(why) > LONGEST_REASON:
            raise Refusal(f"--why has more than {LONGEST_REASON} characters")
        self._project = usable_project(project)
        self._action = action
        self._name = name
        self._why = why
        self.file = self._project.users_file()

    def edit(self, begin: Callable[[Users], User], *, role: str | None, pin: bool, badge: bool, token: bool) -> None:
        """Writes what ``begin`` gives with the new PIN, badge and token; the token is printed once it is written."""
        # Asked for before the file is locked: nobody else waits for somebody's typing.
        typed_pin = _secret("PIN", again=True) if pin else None
        scanned = _secret("Badge", again=False) if badge else None
        new_token = new_user_token() if token else None

        def changed(users: Users) -> Users:
            user = begin(users)
            return users.put(
                replace(
                    user,
                    pin=user.pin if typed_pin is None else pin_hash(typed_pin),
                    badge=user.badge if scanned is None else users.badge_hash(scanned),
                    token=user.token if new_token is None else token_hash(new_token),
                )
            )

        given = [way for way, new in (("pin", pin), ("badge", badge), ("token", token)) if new]
        self.carry_out(changed, **({"role": role} if role else {}), **({"new": given} if given else {}))
        if new_token is not None:
            say(new_token)

    def carry_out(self, change: Callable[[Users], Users], **details: object) -> None:
        """Changes the file. ``details`` are for the log, and hold no secret."""
        try:
            with self._project.action_log().action(
                self._action,
                source=f"command line, {account()}",
                details={"name": self._name[:LONGEST_NAME], **details},
                why=self._why,
            ) as outcome:
                try:
                    self.file.change(change)
                except (UserRefused, UsersUnusable) as refused:
                    outcome.refused("users-unusable" if isinstance(refused, UsersUnusable) else "refused")
                    raise Refusal(str(refused)) from None
        except LogUnwritable as unwritable:
            raise Refusal(f"this is logged, and the log cannot be written: {unwritable}") from None


def _secret(what: str, *, again: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt(what, hide_input=True, confirmation_prompt=again)
    return typed
