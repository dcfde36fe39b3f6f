"""Keeping the report of a run: the store, what waits in the outbox, StandCloud, and the journal's mark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sequencer.cli.exit_codes import ExitCode, Refusal
from sequencer.store.base import Store, StoreError
from sequencer.store.project_folder import Project
from sequencer.vocabulary.report import RunReport

if TYPE_CHECKING:
    from sequencer.sync.deliveries import Deliveries

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """``safe``: the report cannot be lost any more. ``places`` say where it is."""

    safe: bool
    places: tuple[str, ...]


class Keeping:
    """Opens store and deliveries, brings in what a crash left behind. ``tell`` takes sentences for a person."""

    def __init__(self, project: Project, tell: Tell) -> None:
        self._project = project
        self._tell = tell
        self._store: Store | None = None
        self._deliveries: Deliveries | None = None

    def __enter__(self) -> Self:
        from sequencer.store.open import open_store
        from sequencer.store.recovery import recover
        from sequencer.sync.deliveries import open_deliveries

        self._store = open_store(self._project.settings, self._project.state)
        for report in recover(self._project.state, self._store, tell=self._tell):
            self._tell(f"run {report['id']} had been cut off; its report is stored now")
        self._deliveries = open_deliveries(self._project, self._store)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._deliveries is not None:
            self._deliveries.close()
        if self._store is not None:
            self._store.close()

    def refuse_if_unreachable(self) -> None:
        """Raises ``Refusal`` when a place that the configuration insists on cannot be reached."""
        refusal = self._deliveries.refusal() if self._deliveries else None
        if refusal:
            raise Refusal(refusal, code=ExitCode.BROKEN)

    def keep(self, report: RunReport) -> Kept:
        """Makes the report safe, then sends it on. Never raises: where it could not be kept, its journal has it."""
        from sequencer.store.recovery import mark_stored, prune
        from sequencer.sync.outbox_tables import OutboxUnavailable

        assert self._deliveries is not None and self._store is not None
        journal = self._project.state.journal(report["id"])
        try:
            acceptance = self._deliveries.accept(report)
        except (StoreError, OutboxUnavailable) as error:
            self._tell(f"the report could not be stored: {error}")
            return Kept(False, (f"{journal} (its journal; it is stored at the next start)",))
        try:
            mark_stored(journal)
            prune(self._project.state)
        except OSError as error:
            self._tell(f"the journal could not be marked as stored: {error}")
        places = [f"{self._store.place}, id {report['id']}"]
        if not acceptance.stored:
            self._tell(f"{self._store.place} could not take the report: {acceptance.problem}")
            places = [f"id {report['id']}, waiting for {self._store.place}"]
        return Kept(True, (*places, *self._send(report["id"])))

    def _send(self, run_id: str) -> tuple[str, ...]:
        assert self._deliveries is not None
        delivery = self._deliveries.send(run_id)
        if delivery is None:
            return ()
        if delivery.delivered:
            return ("StandCloud",)
        status = "" if delivery.status is None else f" ({delivery.status})"
        self._tell(f"StandCloud did not take the report{status}: {delivery.text}")
        return () if delivery.verdict == "parked" else ("waiting for StandCloud: `hardseq sync` sends it",)
