"""``hardseq``: finds the command, runs it, and turns whatever happens into an exit code and a sentence."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sequencer import __version__
from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.terminal.output import prepare_streams, say, silence

if TYPE_CHECKING:
    from sequencer.vocabulary.problem import InvalidInput

COMMANDS = (
    "init",
    "import",
    "check",
    "lsp",
    "limits",
    "compile",
    "run",
    "runs",
    "panel",
    "start",
    "stop",
    "status",
    "call",
    "bench",
    "discover",
    "users",
    "figures",
    "log",
    "label",
    "sync",
    "replicate",
    "factory",
    "schema",
    "extensions",
    "docs",
)


_MODULES = {"import": "import_project"}
"""Where a command is whose name a module cannot have."""


class CommandLine(click.Group):
    """Imports a command only when it is asked for: ``hardseq run`` must begin at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of a project's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of ``sequencer.cli.<name>``."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"sequencer.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but with a hint for a misspelt name, and a path where a command is meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise Refusal(f"there is no command {args[0]!r}", hint=_command_hint(args[0]))
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Runs the command line and exits with its code."""
        prepare_streams()
        extra["standalone_mode"] = False
        code = ExitCode.BROKEN
        try:
            code = super().main(*args, **{"prog_name": "hardseq", **extra}) or ExitCode.PASSED
            sys.stdout.flush()
        except BaseException as error:
            code = _explain(error)
        sys.exit(int(code))


def main() -> NoReturn:
    """The entry point of a ``hardseq`` that was installed before ``sequencer.__main__`` was it."""
    from sequencer.__main__ import main as command

    command()


@click.group(
    "hardseq", cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="hardseq", message="%(prog)s %(version)s")
def command_line() -> None:
    """Test sequences in YAML for people who test electronics: checked, run by pytest, every result kept."""


def _explain(error: BaseException) -> ExitCode:
    """Says what went wrong in a person's words and gives the exit code for it."""
    from sequencer.vocabulary.problem import InvalidInput

    if isinstance(error, BrokenPipeError):
        silence(sys.stdout)  # whoever read our output (`| head`) has seen enough
        return ExitCode.PASSED
    if isinstance(error, click.Abort | KeyboardInterrupt):
        say("stopped", err=True)
        return ExitCode.STOPPED
    if isinstance(error, click.exceptions.Exit):
        return ExitCode(error.exit_code)
    if isinstance(error, click.ClickException):
        error.show()
        return ExitCode.INVALID
    if isinstance(error, Refusal):
        return _refuse(str(error), error.hint, error.code)
    if isinstance(error, InvalidInput):
        return _show_invalid(error)
    return _break(error)


def _show_invalid(error: InvalidInput) -> ExitCode:
    from pathlib import Path

    from sequencer.terminal.problem_output import show_problems

    show_problems(error.problems, Path.cwd())
    return ExitCode.INVALID


def _break(error: BaseException) -> ExitCode:
    from sequencer.store.base import StoreError

    if isinstance(error, StoreError):
        return _refuse(str(error), None, ExitCode.BROKEN)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return _refuse(f"{where}{error.strerror or error}", None, ExitCode.BROKEN)
    if not isinstance(error, Exception):
        raise error
    import traceback

    traceback.print_exception(error)
    say("hardseq: this is a bug in hardseq; please report it with the lines above", err=True)
    return ExitCode.BROKEN


def _refuse(message: str, hint: str | None, code: ExitCode) -> ExitCode:
    say("hardseq: ", err=True, end="", fg="red", bold=True)
    say(message, err=True)
    if hint:
        say(f"  hint: {hint}", err=True, fg="cyan")
    return code


def _command_hint(written: str) -> str | None:
    from difflib import get_close_matches

    close = get_close_matches(written, COMMANDS, n=1)
    if close:
        return f"did you mean `hardseq {close[0]}`?"
    if written.endswith((".yaml", ".yml")):
        return f"`hardseq run {written}` runs a sequence"
    return "`hardseq --help` lists the commands"
