"""``hardseq bench``: calls of drivers by hand, one after the other, at a prompt."""

from __future__ import annotations

import json
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli.project_option import project_option
from sequencer.terminal.output import is_terminal, say

if TYPE_CHECKING:
    from sequencer.app.instruments import InstrumentBench

HELP = """\
meter.read_voltage channel=1   calls a method, or reads a property
meter?                         what the driver has
drivers                        the drivers, and whether they are open
open meter, close meter        opens or closes one; a call opens it by itself
quit                           closes all (so does Control + D)

Tab completes drivers, methods and arguments.
A value is JSON where it can be, else a text; quote it where it has spaces."""


@click.command()
@click.option(
    "--sequence",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The sequence that declares the drivers, where several do so differently.",
)
@click.option("--slot", help="The slot whose arguments the drivers get.")
@click.option("--arg", "params", multiple=True, metavar="NAME=VALUE", help="A parameter that their arguments use.")
@click.option("--simulate", is_flag=True, help="Call what takes their place in a simulated run.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="`json`: questions and answers are JSON, a line each.",
)
@project_option
def command(
    *, sequence: Path | None, slot: str | None, params: tuple[str, ...], simulate: bool, form: str, project: Path
) -> ExitCode:
    """Call drivers by hand at a prompt with completion; they stay open until the end.

    Lines come from standard input where that is no terminal. While a driver is open nobody can start a run.
    Exits with 1 when the last call failed.
    """
    from sequencer.app.instruments import InstrumentBench
    from sequencer.cli.panel_instruments import panel_instruments
    from sequencer.cli.run_params import split_arguments

    at = project if sequence is None else sequence
    code = ExitCode.PASSED
    own = {"--slot": slot is not None, "--arg": bool(params)}
    panel = panel_instruments(at, sequence=sequence, simulate=simulate, own=own)
    with InstrumentBench(
        at,
        sequence=sequence,
        slot=slot,
        simulate=simulate,
        params=split_arguments(params),
        panel=(lambda: None) if form == "json" else panel,  # it may be that of the panel itself
    ) as bench:
        if form == "json":
            return _serve(bench)
        asked = is_terminal(sys.stdin)
        if asked:
            say(f"drivers: {', '.join(bench.instruments) or 'none'}  (help, quit)", err=True)
            _complete(bench)
        while (line := _next_line(asked)) is not None:
            try:
                if not _carry_out(bench, line):
                    break
                code = ExitCode.PASSED
            except Refusal as refused:
                code = refused.code
                say(str(refused), err=True, fg="red")
                if refused.hint:
                    say(f"  hint: {refused.hint}", err=True, fg="cyan")
            except KeyboardInterrupt:
                say("stopped", err=True)
    return code


def _serve(bench: InstrumentBench) -> ExitCode:
    """Answers questions until there are no more: ``{"do": "list"}``, ``{"do": "open", "name": "meter"}``, ``close``,
    and ``{"do": "call", "called": "meter.read", "given": {"channel": "1"}}``; with ``instruments`` or ``value`` and
    ``seconds``, or with ``error``, ``hint`` and ``code``."""
    for line in sys.stdin:
        try:
            answer = _answer(bench, json.loads(line))
        except Refusal as refused:
            answer = {"error": str(refused), "hint": refused.hint, "code": int(refused.code)}
        except ValueError as error:
            answer = {"error": f"not a question: {error}", "hint": None, "code": int(ExitCode.INVALID)}
        print(json.dumps(answer), flush=True)
    return ExitCode.PASSED


def _answer(bench: InstrumentBench, question: object) -> dict[str, object]:
    match question:
        case {"do": "open", "name": str(name)}:
            bench.open(name)
        case {"do": "close", "name": str(name)}:
            bench.close(name)
        case {"do": "call", "called": str(called), "given": dict(given)}:
            result = bench.call(called, {str(name): str(text) for name, text in given.items()})
            return {"value": result.document, "seconds": result.seconds}
        case {"do": "list"}:
            return {"instruments": bench.document()}
        case _:
            raise ValueError(f"{question!r:.200}")
    return {}


def _next_line(asked: bool) -> str | None:
    if not asked:
        return sys.stdin.readline() or None
    try:
        return input("> ")
    except EOFError:
        say(err=True)
        return None
    except KeyboardInterrupt:
        say(err=True)
        return ""


def _carry_out(bench: InstrumentBench, line: str) -> bool:
    """One line; false when it was the last. Raises ``Refusal``."""
    from sequencer.cli.run_params import split_arguments

    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise Refusal(f"this line cannot be read: {error}") from None
    match words:
        case []:
            return True
        case ["quit" | "exit"]:
            return False
        case ["help" | "?"]:
            say(HELP)
        case ["drivers"]:
            _list(bench)
        case ["open", name]:
            bench.open(name)
        case ["close", name]:
            bench.close(name)
        case [called, *arguments]:
            if called.endswith("?"):
                _describe(bench, called.rstrip("?"))
            else:
                say(bench.call(called, split_arguments(arguments, "")).text)
    return True


def _list(bench: InstrumentBench) -> None:
    for name, instrument in bench.instruments.items():
        state = "open" if bench.is_open(name) else "closed"
        say(f"{name:<16} {state:<8} {instrument.driver.module}.{instrument.driver.target}")


def _describe(bench: InstrumentBench, name: str) -> None:
    for member, said in bench.described(name):
        say(f"{member}" + (f"  {said}" if said else ""))


def _complete(bench: InstrumentBench) -> None:
    """Tab completes, where Python has GNU readline or its like; Windows does without."""
    if sys.platform != "win32":
        with suppress(ImportError):
            import readline

            found: list[str] = []

            def completer(text: str, number: int) -> str | None:
                if number == 0:
                    found[:] = completions(bench, readline.get_line_buffer()[: readline.get_begidx()], text)
                return found[number] if number < len(found) else None

            readline.set_completer_delims(" \t")
            readline.set_completer(completer)
            readline.parse_and_bind("tab: complete")


def completions(bench: InstrumentBench, before: str, word: str) -> list[str]:
    """What may stand for the ``word`` that is being typed behind ``before``."""
    instruments = bench.instruments
    if before.split():
        if before.split()[0] in ("open", "close"):
            return [name for name in instruments if name.startswith(word)]
        name, _, member = before.split()[0].partition(".")
        if name not in instruments:
            return []
        names = (f"{each}=" for each in instruments[name].argument_names(member or None))
        return [each for each in names if each.startswith(word) and f" {each}" not in before]
    name, dot, member = word.partition(".")
    if not dot:
        return [f"{each}." if instruments[each].members else each for each in instruments if each.startswith(word)]
    members = instruments[name].members if name in instruments else {}
    return [f"{name}.{each}" for each in members if each.startswith(member)]
