"""The inputs of a run from the command line: ``--arg name=value``, and questions for what is missing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from sequencer.app.exit_codes import Refusal
from sequencer.protocol.params import read_param
from sequencer.protocol.start_check import check_params
from sequencer.terminal.output import is_terminal, say
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.reason import Reason, read_reason
from sequencer.vocabulary.refused_value import RefusedValue, for_author

if TYPE_CHECKING:
    from sequencer.protocol.request import StartProblem
    from sequencer.vocabulary.model import Param


def params_from(
    given: Mapping[str, Scalar], params: Sequence[Param], *, decimal_comma: bool = False
) -> dict[str, Scalar]:
    """The typed values of all parameters. Asks a person at a terminal for missing ones; else raises ``Refusal``."""
    values, problems = check_params(given, params, decimal_comma=decimal_comma)
    wanted = {found.name for found in problems if found.code == "required"}
    missing = [param for param in params if param.name in wanted]
    wrong = [found for found in problems if found.code != "required"]
    if wrong:
        hint = params_hint([found.name for found in wrong], params)
        said = {found.name: problem_for_author(found) for found in wrong}
        raise Refusal("; ".join(f"--arg {name}: {reason}" for name, reason in said.items()), hint=hint)
    if not missing:
        return values
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise Refusal(
            "missing: " + ", ".join(param.name for param in missing),
            hint=" ".join(f"--arg {param.name}=..." for param in missing),
        )
    return {**values, **{param.name: ask_param(param, decimal_comma) for param in missing}}


def split_arguments(arguments: Sequence[str], option: str = "--arg ") -> dict[str, str]:
    """``NAME=VALUE`` texts by name; ``option`` is what stands before each.

    Raises ``Refusal`` for any other form and for a name that comes twice.
    """
    given: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise Refusal(f"{option}{argument}: write it as NAME=VALUE", hint=f"{option}serial=SN000123")
        if name in given:
            raise Refusal(f"{option}{name} is given twice")
        given[name] = value
    return given


def ask_param(param: Param, decimal_comma: bool, slot: str | None = None) -> Scalar:
    """Asks the person at the terminal for one parameter, of ``slot`` where each has its own, until it can be used."""
    prompt = param.prompt or param.name
    if slot is not None:
        prompt = f"{slot}: {prompt}"
    if param.one_of:
        prompt += f" ({', '.join(str(choice) for choice in param.one_of)})"
    while True:
        written = click.prompt(prompt, default="", show_default=False, err=True, type=str)
        try:
            if written == "":
                raise RefusedValue(Reason("required"))
            return read_param(param, written, decimal_comma=decimal_comma)
        except RefusedValue as error:
            say(f"{param.name} {error}", err=True, fg="red")


def problem_for_author(found: StartProblem) -> str:
    """What is wrong with a parameter, as somebody reads it who can change the sequence."""
    reason = read_reason(found.coded_reason, found.message)
    return for_author(RefusedValue(reason, found.limit)) if isinstance(reason, Reason) else reason


def params_hint(wrong: Iterable[str], params: Sequence[Param]) -> str | None:
    """The names of the parameters, where one of ``wrong`` is none."""
    names = [param.name for param in params]
    if all(name in names for name in wrong):
        return None
    return f"its parameters: {', '.join(names)}" if names else "it has no parameters"
