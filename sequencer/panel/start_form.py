"""What was entered in the start form for a batch: kept by sequence, for every browser and beyond a restart.

What belongs to one product (``Param.each_run``) is never kept.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.panel.refusals import InvalidRequest, start_refused
from sequencer.project.private_file import write_private
from sequencer.protocol.params import WrongParam, read_param
from sequencer.protocol.request import RunRefused, StartProblem
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.vocabulary.model import Param


@dataclass(frozen=True, slots=True)
class BatchForm:
    """``values`` are what was entered; ``lost`` were kept once, and the sequence does not take them any more.

    Of two forms of one session that with the higher ``revision`` is the newer one, whichever arrives first.
    """

    values: Mapping[str, Scalar] = field(default_factory=dict)
    lost: Mapping[str, Scalar] = field(default_factory=dict)
    revision: int = 0


def restored(params: Iterable[Param], kept: Mapping[str, Scalar]) -> BatchForm:
    """What of the ``kept`` values the parameters still take."""
    known = {param.name: param for param in params}
    values: dict[str, Scalar] = {}
    lost: dict[str, Scalar] = {}
    for name, value in kept.items():
        try:
            values[name] = _read(known, name, value)
        except WrongParam as wrong:
            if wrong.code != "of_one_product":
                lost[name] = value
    return BatchForm(values, lost)


def changed(
    params: Iterable[Param], form: BatchForm, given: Mapping[str, Scalar], *, decimal_comma: bool = False
) -> BatchForm:
    """The form with the ``given`` values, ``None`` for the default; whoever changes it has read what was lost.

    Raises ``InvalidRequest`` (``fields``) for what cannot be used; then nothing changes.
    """
    known = {param.name: param for param in params}
    values = dict(form.values)
    problems = []
    for name, written in given.items():
        try:
            read = _read(known, name, written, decimal_comma=decimal_comma)
        except WrongParam as wrong:
            told = StartProblem("params", name, wrong.code, str(wrong), wrong.limit, wrong.reason.document())
            problems.append(told)
            continue
        values.pop(name, None)
        if read is not None:
            values[name] = read
    if problems:
        raise _refused(problems)
    return BatchForm(values)


def _read(known: Mapping[str, Param], name: str, written: Scalar, *, decimal_comma: bool = False) -> Scalar:
    if (param := known.get(name)) is None:
        raise WrongParam(Reason("unknown_param"))
    if param.each_run:
        raise WrongParam(Reason("of_one_product"))
    return None if written is None else read_param(param, written, decimal_comma=decimal_comma)


def _refused(problems: list[StartProblem]) -> InvalidRequest:
    return start_refused(RunRefused(problems[0].reason, problems=problems))


class KeptForms:
    """The file of a stand's kept forms: a JSON object of values by parameter, by sequence. Thread-safe.

    What is not written yet, or could not be, is kept here until it is. ``problem`` says why the last could not.
    """

    def __init__(self, path: Path) -> None:
        self.problem: Reason | None = None
        self._path = path
        self._unwritten: dict[str, dict[str, Scalar]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # a disk may take its time; ``put`` does not wait for it

    def get(self, sequence: str) -> dict[str, Scalar]:
        """What was kept for ``sequence``. Raises ``OSError`` and ``ValueError`` when that cannot be read."""
        with self._lock:
            unwritten = self._unwritten.get(sequence)
        return self._all().get(sequence, {}) if unwritten is None else unwritten

    def put(self, sequence: str, values: Mapping[str, Scalar]) -> None:
        """Keeps ``values`` instead, for the next ``write``; nothing waits for the disk here."""
        with self._lock:
            self._unwritten[sequence] = dict(values)

    def write(self) -> None:
        """Everything that was put is on the disk when this returns, unless there is a ``problem``.

        Whoever puts last is written last. A file that cannot be read is written anew.
        """
        with self._writing:
            with self._lock:
                unwritten = dict(self._unwritten)
            try:
                if unwritten:
                    write_private(self._path, json.dumps({**self._written(), **unwritten}, indent=1))
            except OSError as error:
                self.problem = Reason("form_not_kept", detail=str(error))
                return
            self.problem = None
            with self._lock:
                for sequence, values in unwritten.items():
                    if self._unwritten[sequence] is values:
                        del self._unwritten[sequence]

    def _written(self) -> dict[str, dict[str, Scalar]]:
        try:
            return self._all()
        except ValueError:
            return {}

    def _all(self) -> dict[str, dict[str, Scalar]]:
        try:
            forms: object = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        if not isinstance(forms, dict) or not all(isinstance(form, dict) for form in forms.values()):
            raise ValueError("the file is not an object of objects")
        return forms


class StartForm:
    """The form of one sequence, as it was kept. Reads the file, and writes what is not written yet."""

    def __init__(self, forms: KeptForms, sequence: str, params: tuple[Param, ...]) -> None:
        self._forms = forms
        self.sequence = sequence
        self._params = params
        self._unread: Reason | None = None
        try:
            kept = forms.get(sequence)
        except (OSError, ValueError) as error:
            self._unread = Reason("form_not_read", detail=str(error))
            # Nobody knows what was entered: a batch does not go on with the defaults unawares.
            self.shown = BatchForm(lost={param.name: "?" for param in params if not param.each_run})
        else:
            forms.write()
            self.shown = restored(params, kept)

    @property
    def problem(self) -> Reason | None:
        """Why its values were not read, or are not kept beyond a restart."""
        return self._unread or self._forms.problem

    def fill(self, given: Mapping[str, Scalar], *, decimal_comma: bool) -> None:
        """As ``changed``; ``write`` then keeps it."""
        self.shown = changed(self._params, self.shown, given, decimal_comma=decimal_comma)
        self._forms.put(self.sequence, self.shown.values)
        self._unread = None

    def write(self) -> None:
        """What was filled in is on the disk when this returns, unless there is a ``problem``."""
        self._forms.write()
