"""The instruments of a running panel, for commands that call drivers by hand: what it has open is not opened again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.instruments import CallResult
from sequencer.cli.panel_client import PanelClient
from sequencer.terminal.output import say


def panel_instruments(
    project: Path, *, sequence: Path | None, simulate: bool, own: Mapping[str, bool]
) -> Callable[[], InstrumentsOfPanel | None]:
    """What gives them once they are needed; ``None`` where no panel has any open.

    ``own`` are the options by which a command configures drivers itself, and whether they were given: what is open is
    configured already. Raises ``Refusal`` then, and where it is open for another ``sequence`` or not as simulated.
    """

    def ask() -> InstrumentsOfPanel | None:
        try:
            panel = PanelClient(project)
            state = panel.get("/api/instruments")
        except Refusal:
            return None
        found = {each["name"]: bool(each["open"]) for each in state["instruments"]}
        if True not in found.values():
            return None
        given = [option for option, there in own.items() if there]
        if sequence is not None and sequence.resolve() != Path(state["sequence"]):
            given.append("--sequence")
        if simulate != state["simulated"]:
            given.append("--simulate" if simulate else "no --simulate")
        if given:
            name = Path(state["sequence"]).name
            how = f"{name}{', simulated' if state['simulated'] else ''}"
            message = f"the panel has the instruments open as it needs them ({how}): {', '.join(given)} cannot be had"
            raise Refusal(message, hint="close them on its page Instruments", code=ExitCode.BROKEN)
        say("the panel has the instruments open: called there", err=True)
        return InstrumentsOfPanel(panel, found)

    return ask


class InstrumentsOfPanel:
    """Those of ``panel``; ``found`` says which there are, and which were open before."""

    def __init__(self, panel: PanelClient, found: Mapping[str, bool]) -> None:
        self._panel = panel
        self._found = found
        self._opened: list[str] = []

    def call(self, name: str, member: str | None, given: Mapping[str, str]) -> CallResult:
        """Calls it there. Raises ``Refusal``."""
        self._note(name)
        answer = self._post(name, "call", member=member or "", given=dict(given))
        if answer["error"] is not None:
            raise Refusal(str(answer["error"]), code=ExitCode.FAILED)
        return CallResult(answer["value"], float(answer["seconds"]))

    def open(self, name: str) -> None:
        """Opens it there. Raises ``Refusal``."""
        self._note(name)
        self._post(name, "open")

    def is_open(self, name: str) -> bool:
        """Whether it is open there. Raises ``Refusal``."""
        return any(each["name"] == name and each["open"] for each in self._panel.get("/api/instruments")["instruments"])

    def close(self, name: str) -> None:
        """Closes it there. Raises ``Refusal``."""
        self._post(name, "close")
        self._opened = [each for each in self._opened if each != name]

    def leave(self) -> None:
        """Closes what was opened for these calls, unless a run that was started there has. Raises ``Refusal``."""
        opened, self._opened = self._opened, []
        for name in reversed(opened):
            try:
                self._post(name, "close")
            except Refusal:
                if self._is_open_still(name):
                    raise

    def _is_open_still(self, name: str) -> bool:
        try:
            return self.is_open(name)
        except Refusal:  # a run goes on there, which closed all
            return False

    def _note(self, name: str) -> None:
        if name not in self._found:
            message = f"the panel has instruments open, and its sequence has no driver {name!r}"
            raise Refusal(message, hint="close them on its page Instruments", code=ExitCode.BROKEN)
        if not self._found[name] and name not in self._opened:
            self._opened.append(name)

    def _post(self, name: str, what: str, **document: object) -> Any:
        try:
            return self._panel.post(f"/api/instruments/{quote(name)}/{what}", document)
        except Refusal as refused:
            raise Refusal(str(refused), hint=refused.hint, code=ExitCode.BROKEN) from None
