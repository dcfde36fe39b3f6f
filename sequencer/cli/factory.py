"""``hardseq factory``: all stands of a factory, and the CouchDB to which they copy their runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.project_store import usable_project
from sequencer.cli.default_command import group_with_default
from sequencer.terminal.output import say

if TYPE_CHECKING:
    from sequencer.store.couchdb.factory import Account

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]*")


@click.group(cls=group_with_default("serve"))
def command() -> None:
    """Show all stands of a factory, or set up the CouchDB to which they copy their runs."""


@command.command("serve")
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(exists=True, path_type=Path))
@click.option("--url", help="The factory's database instead of the configured one: https://HOST:PORT/NAME.")
@click.option("--host", help="The address to listen on instead of the configured one.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port to listen on instead of the configured one; 0 is a free one.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
def serve(path: Path, url: str | None, host: str | None, port: int | None, open_page: bool) -> ExitCode:
    """Serve the pages of all stands until Ctrl-C: what each does now, and all runs. Nothing is tested or changed there.

    The runs are those of [database] in the hardseq.toml of PATH, a CouchDB; while it is away, this waits for it.
    """
    from sequencer.cli.factory_service import serve_factory

    return serve_factory(path, url=url, host=host, port=port, open_page=open_page)


@command.command("init")
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(exists=True, path_type=Path))
@click.option("--stand", "stands", metavar="NAME", multiple=True, help="An account for a stand; repeatable.")
@click.option("--reader", "readers", metavar="NAME", multiple=True, help="An account that only reads; repeatable.")
@click.option("--print", "only_print", is_flag=True, help="Change nothing; print commands of curl that do it.")
def init(path: Path, stands: tuple[str, ...], readers: tuple[str, ...], only_print: bool) -> ExitCode:
    """Make the databases of [database] in hardseq.toml, their rules, and accounts, as an administrator of CouchDB.

    Nobody but an administrator can change or delete a run then. The password of each new account is shown once; what is
    there already stays as it is. Exits with 1 when CouchDB is away or refuses it.
    """
    from sequencer.store.base import StoreError
    from sequencer.store.open import set_up_factory

    for name in (*stands, *readers):
        if not _ACCOUNT.fullmatch(name):
            raise Refusal(f"{name!r} is not a name for an account", hint="letters, digits, and after the first _ . @ -")
    if both := sorted({*stands} & {*readers}):
        raise Refusal(f"{both[0]!r} cannot be a stand and only read", hint="give each an account of its own")
    project = usable_project(path)
    try:
        done = set_up_factory(project.settings, stands, readers, folder=project.folder, only_print=only_print)
    except ValueError as error:
        raise Refusal(str(error), hint="docs: the section [database] of the configuration") from None
    except StoreError as error:
        raise Refusal(str(error), code=ExitCode.FAILED) from None
    if only_print:
        say("\n".join(("# COUCHDB=https://USER:PASSWORD@HOST:PORT, an administrator's", *done.commands)))
        return ExitCode.PASSED
    say(f"{project.settings.database.name} on {project.settings.database.address} is ready for stands", fg="green")
    for account in done.accounts:
        _show(account)
    return ExitCode.PASSED


def _show(account: Account) -> None:
    from sequencer.store.couchdb.factory import STAND

    if account.password is None:
        say(f"  {account.name}: the account is there, its password stays")
        return
    variable = "HARDSEQ_REPLICATION_PASSWORD" if account.role == STAND else "HARDSEQ_DATABASE_PASSWORD"
    say(f"  {account.name}: {variable}={account.password}")
