"""``hardseq users``: who may use this stand's panel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import usable_project
from sequencer.cli.runs import project_option
from sequencer.project.users import (
    ROLES,
    Role,
    User,
    UserRefused,
    Users,
    UsersFile,
    UsersUnusable,
    new_user_token,
    pin_hash,
    token_hash,
)
from sequencer.terminal.output import say, say_json


def user_options(command: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """What a user may do and logs in with, and the project."""
    for option in (
        project_option,
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
def add_user(name: str, role: Role | None, *, pin: bool, badge: bool, token: bool, project: Path) -> ExitCode:
    """Add the user NAME, by default an operator. From the first user on, people log in."""
    file = _file(project)

    def begin(users: Users) -> User:
        if users.named(name) is not None:
            raise UserRefused(f"there is a user {name!r} already; `hardseq users change` changes one")
        return User(name, role or "operator")

    _edit(file, begin, wants_pin=pin, wants_badge=badge, wants_token=token)
    say(f"added {name} ({role or 'operator'}) to {file.path.name}", err=token)
    if not (pin or badge or token):
        say("without a PIN, a badge or a token only [frontend] login_without_pin lets them log in", err=True)
    return ExitCode.PASSED


@command.command("change")
@click.argument("name")
@user_options
def change_user(name: str, role: Role | None, *, pin: bool, badge: bool, token: bool, project: Path) -> ExitCode:
    """Give the user NAME another role, PIN, badge or token. The former ones are worth nothing at once."""
    if role is None and not (pin or badge or token):
        raise Refusal("nothing to change", hint="use --role, --pin, --badge or --token")
    file = _file(project)

    def begin(users: Users) -> User:
        user = users.named(name)
        if user is None:
            raise UserRefused(f"there is no user {name!r}")
        return replace(user, role=role or user.role)

    _edit(file, begin, wants_pin=pin, wants_badge=badge, wants_token=token)
    say(f"changed {name}", err=token)
    return ExitCode.PASSED


@command.command("remove")
@click.argument("name")
@project_option
def remove_user(name: str, project: Path) -> ExitCode:
    """Remove the user NAME, who is logged out at once."""
    file = _file(project)
    _change(file, lambda users: users.without(name))
    say(f"removed {name}")
    return ExitCode.PASSED


@command.command("list")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
@project_option
def list_users(form: str, project: Path) -> ExitCode:
    """List the users with their roles and what they log in with."""
    file = _file(project)
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


def _file(project: Path) -> UsersFile:
    return usable_project(project).users_file()


def _edit(
    file: UsersFile, begin: Callable[[Users], User], *, wants_pin: bool, wants_badge: bool, wants_token: bool
) -> None:
    """Writes what ``begin`` gives with the new PIN, badge and token; the token is printed once it is written."""
    # Asked for before the file is locked: nobody else waits for somebody's typing.
    pin = _secret("PIN", again=True) if wants_pin else None
    badge = _secret("Badge", again=False) if wants_badge else None
    token = new_user_token() if wants_token else None

    def changed(users: Users) -> Users:
        user = begin(users)
        return users.put(
            replace(
                user,
                pin=user.pin if pin is None else pin_hash(pin),
                badge=user.badge if badge is None else users.badge_hash(badge),
                token=user.token if token is None else token_hash(token),
            )
        )

    _change(file, changed)
    if token is not None:
        say(token)


def _change(file: UsersFile, edit: Callable[[Users], Users]) -> None:
    try:
        file.change(edit)
    except (UserRefused, UsersUnusable) as refused:
        raise Refusal(str(refused)) from None


def _secret(what: str, *, again: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt(what, hide_input=True, confirmation_prompt=again)
    return typed
