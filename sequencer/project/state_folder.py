"""Where a project keeps what hardseq itself writes; only paths, nothing is touched here."""

from __future__ import annotations

from pathlib import Path

from sequencer.vocabulary.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class StateFolder:
    """``.hardseq/`` in the project folder, or ``HARDSEQ_STATE_DIR``."""

    path: Path

    @property
    def journals(self) -> Path:
        """One ``RUN_ID.jsonl`` per run."""
        return self.path / "journals"

    @property
    def compiled(self) -> Path:
        """Generated pytest projects, one folder per sequence and content."""
        return self.path / "compiled"

    @property
    def attachments(self) -> Path:
        """Files attached to reports, named by their sha256, until the store has them."""
        return self.path / "attachments"

    @property
    def database(self) -> Path:
        """The embedded database: reports (when no other store is configured) and the outbox."""
        return self.path / "hardseq.sqlite3"

    @property
    def figures(self) -> Path:
        """What is counted and plotted of the stored runs; it can always be made again."""
        return self.path / "figures.duckdb"

    @property
    def figures_lock(self) -> Path:
        """Held by the process that has ``figures`` open."""
        return self.path / "figures.lock"

    @property
    def alarms(self) -> Path:
        """The alarms that were raised, and whom that is still to be told."""
        return self.path / "alarms.sqlite3"

    @property
    def actions(self) -> Path:
        """The log of who did what is not every operator's to do; only ever appended to."""
        return self.path / "actions.jsonl"

    def older_actions(self, number: int) -> Path:
        """What was in ``actions`` before, the newest of all numbers last."""
        return self.path / f"actions-{number:06d}.jsonl"

    @property
    def actions_delivered(self) -> Path:
        """How much of ``actions`` the store has."""
        return self.path / "actions.delivered.json"

    @property
    def notes(self) -> Path:
        """What was added to runs and has not reached the store yet."""
        return self.path / "notes.jsonl"

    @property
    def panel(self) -> Path:
        """Address and token of the running panel, for ``hardseq start``, ``stop`` and ``status``."""
        return self.path / "panel.json"

    @property
    def choice(self) -> Path:
        """Which sequence the panel showed last."""
        return self.path / "choice.json"

    @property
    def start_form(self) -> Path:
        """What was entered in the panel's start form for a batch, by sequence and parameter."""
        return self.path / "start_form.json"

    @property
    def run_lock(self) -> Path:
        """Held by the process whose run uses the stand."""
        return self.path / "run.lock"

    @property
    def panel_lock(self) -> Path:
        """Held by the process whose panel ``panel`` tells of."""
        return self.path / "panel.lock"

    @property
    def kept_lock(self) -> Path:
        """Held by the process that may have drivers of scope ``stand`` open: a panel, a run, calls by hand."""
        return self.path / "kept.lock"

    @property
    def kept_users(self) -> Path:
        """Held by each process that drivers of scope ``stand`` are open in, which may outlive who started it."""
        return self.path / "kept_users.lock"

    def journal(self, run_id: str) -> Path:
        """The journal of one run."""
        return self.journals / f"{run_id}.jsonl"
