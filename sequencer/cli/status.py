"""``hardseq status``: what the running panel is doing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from sequencer.app.exit_codes import ExitCode
from sequencer.cli.panel_client import PanelClient
from sequencer.report.outcome import outcome, outcome_of, outcome_text
from sequencer.terminal.lines import clean, one_line
from sequencer.terminal.output import say, say_json


@click.command()
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@click.option("--slot", metavar="NAME", help="The run in this slot of the stand; by default all are listed.")
def command(path: Path, form: str, slot: str | None) -> ExitCode:
    """Show what the panel of this project is doing.

    Exits with 0 when a panel is running, with 1 when none is.
    """
    state = PanelClient(path).get("/api/state" if slot is None else f"/api/state?slot={quote(slot)}")
    if form == "json":
        say_json(state)
        return ExitCode.PASSED
    say(f"state     {state['session']['state']}")
    for line in _problem(state["session"].get("problem") or {}):
        say(f"problem   {clean(line)}")
    for alert in state["session"].get("alerts") or ():
        say(f"alert     {clean(alert['text'])}", fg="yellow")
    for line in _factory(state["session"].get("factory")):
        say(clean(line))
    for alarm in state["session"].get("alarms") or ():
        blocked = "; nothing starts until it is acknowledged" if alarm["blocks"] else ""
        say(f"alarm     {clean(alarm['name'] or 'none is known')}: {clean(alarm['text'])}{blocked}", fg="red")
    for name, shown in state.get("slots", {}).items():
        say(f"{name:<9} {one_line(_slot_text(shown))}")
    report = state.get("run")
    if report and report["id"]:
        cases = [case for module in report["modules"] for case in module["cases"]]
        done = sum(case["status"] not in ("ready", "run") for case in cases)
        say(f"sequence  {one_line(report['sequence']['name'])}")
        say(f"run       {report['id']}")
        say(f"status    {outcome_text(outcome(report))}, {done} of {len(cases)} cases done")
    return ExitCode.PASSED


def _factory(copy: Mapping[str, object] | None) -> Iterator[str]:
    """How runs are copied to the factory's database; why they are not is among the alerts."""
    if copy is not None:
        written = "" if copy["written"] is None else f", {copy['written']} documents copied"
        yield f"factory   {copy['target']}: {copy['state']}{written}"


def _slot_text(slot: Mapping[str, Any]) -> str:
    """What a slot does, or how its last run ended."""
    if slot["filled"] is not None:
        return f"filled    {slot['filled']['serial_number'] or ''}"
    verdict = outcome_text(outcome_of(slot["status"], slot["untested"])) if slot["run"] else slot["state"]
    return "  ".join(filter(None, [f"{verdict:<9}", slot["serial_number"], slot["case"]]))


def _problem(problem: Mapping[str, Any]) -> Iterator[str]:
    """Why nothing can be started, line by line."""
    if problem.get("message"):
        yield from str(problem["message"]).splitlines()
    for found in problem.get("problems") or ():
        yield f"{found['place']}: {found['severity']}: {found['message']}"
