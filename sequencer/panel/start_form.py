"""What was entered in the start form for a batch: kept by sequence, for every browser and beyond a restart.

What belongs to one product (``Param.each_run``) is never kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.panel.requests import InvalidRequest, start_refused
from sequencer.project.private_file import write_private
from sequencer.protocol.params import WrongParam, read_param
from sequencer.protocol.request import RunRefused, StartProblem
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.reason import Reason

if TYPE_CHECKING:
    from sequencer.vocabulary.model import Param


@dataclass(frozen=True, slots=True)
class BatchForm:
    """``values`` are what was entered; ``lost`` were kept once, and the sequence does not take them any more."""

    values: Mapping[str, Scalar] = field(default_factory=dict)
    lost: Mapping[str, Scalar] = field(default_factory=dict)


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
    """The file of a stand's kept forms: a JSON object of values by parameter, by sequence.

    What could not be written is kept here, until it can be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unwritten: dict[str, dict[str, Scalar]] = {}

    def get(self, sequence: str) -> dict[str, Scalar]:
        """What was kept for ``sequence``. Raises ``OSError`` and ``ValueError`` when that cannot be read."""
        return self._unwritten[sequence] if sequence in self._unwritten else self._all().get(sequence, {})

    def put(self, sequence: str, values: Mapping[str, Scalar]) -> None:
        """Keeps ``values`` instead. Raises ``OSError``. A file that cannot be read is written anew."""
        self._unwritten[sequence] = dict(values)
        self.write()

    def write(self) -> None:
        """Writes what could not be written before. Raises ``OSError``."""
        if not self._unwritten:
            return
        try:
            forms = self._all()
        except ValueError:
            forms = {}
        write_private(self._path, json.dumps({**forms, **self._unwritten}, indent=1))
        self._unwritten.clear()

    def _all(self) -> dict[str, dict[str, Scalar]]:
        try:
            forms: object = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        if not isinstance(forms, dict) or not all(isinstance(form, dict) for form in forms.values()):
            raise ValueError("the file is not an object of objects")
        return forms


class StartForm:
    """The form of one sequence. ``problem``: why its values were not read, or are not kept beyond a restart."""

    def __init__(self, forms: KeptForms, sequence: str, params: tuple[Param, ...]) -> None:
        self._forms = forms
        self.sequence = sequence
        self._params = params
        self.problem: Reason | None = None
        kept: Mapping[str, Scalar] = {}
        try:
            kept = forms.get(sequence)
        except (OSError, ValueError) as error:
            self.problem = Reason("form_not_read", detail=str(error))
            # Nobody knows what was entered: a batch does not go on with the defaults unawares.
            self.shown = BatchForm(lost={param.name: "?" for param in params if not param.each_run})
        else:
            self._keep(forms.write)
            self.shown = restored(params, kept)

    def fill(self, given: Mapping[str, Scalar], *, decimal_comma: bool) -> None:
        """As ``changed``, and keeps it."""
        self.shown = changed(self._params, self.shown, given, decimal_comma=decimal_comma)
        self._keep(lambda: self._forms.put(self.sequence, self.shown.values))

    def _keep(self, write: Callable[[], None]) -> None:
        try:
            write()
            self.problem = None
        except OSError as error:
            self.problem = Reason("form_not_kept", detail=str(error))
