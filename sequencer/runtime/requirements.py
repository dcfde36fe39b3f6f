"""What is done with instruments before the first case: they are opened early, and asked who they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from sequencer.expressions.expression import evaluate_text
from sequencer.report.event import CHECK_DRIVER, FactRecorded
from sequencer.runtime.drivers import REQUIRE, DriverNotOpened, OpeningInterrupted
from sequencer.runtime.failures import driver_traceback, reason_of
from sequencer.vocabulary.failure import StepError, Stopped, why
from sequencer.vocabulary.instrument import IDENTITIES, instrument_entry, parse_due
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.regex import compile_pattern

if TYPE_CHECKING:
    import pytest

    from sequencer.runtime.driver_declarations import DriverDeclaration
    from sequencer.runtime.run import RunContext

CHECK_SECONDS = 30.0
"""An instrument that has not said who it is by then does not answer."""


def check_requirements(run: RunContext, drivers: Iterable[DriverDeclaration]) -> None:
    """Opens and checks those of ``drivers`` that the cases to run use and that are to be opened at the start, or that
    something is required of.

    What does not hold ends the run. Every driver is looked at, so that one run tells of all that is wrong; a stop ends
    the looking.
    """

    def selected() -> Iterator[pytest.Item]:
        return (item for item, case in run.plan.by_item.items() if run.flow.is_selected(case))

    for driver in drivers:
        of_stand = run.start.request.drivers.get(driver.name, {}).get(REQUIRE)
        written = {**(driver.how.get(REQUIRE) or {}), **(of_stand if isinstance(of_stand, Mapping) else {})}
        early = (driver.how.get("opening") or {}).get("when") == "start"
        if not (written or early) or not driver.is_used(selected()):
            continue
        try:
            with run.preopen(driver.name, driver.how) as opened:
                if not written:
                    continue
                requirement = _Requirement(run, driver, written)
                requirement.check(opened)
            run.requirements[driver.name] = requirement.check_again
        except DriverNotOpened as error:
            error.give_up()
        except OpeningInterrupted:
            return


class _Requirement:
    def __init__(self, run: RunContext, driver: DriverDeclaration, written: Mapping[str, object]) -> None:
        self._run = run
        self._driver = driver
        self._written = written
        # The identity of a real instrument would not match, and at a desk nothing is calibrated.
        self._simulated = run.start.request.simulate and driver.how.get("simulate") is not None

    def check(self, opened: object) -> None:
        found: list[tuple[str | None, str | None]] = []
        interrupts = self._run.interrupts
        interrupts.begin(self, "identity", CHECK_SECONDS)
        error = interrupts.run(lambda: found.append((self._identity(opened), self._calibration())))
        error = interrupts.end(self) or error
        if isinstance(error, Stopped):
            raise OpeningInterrupted(error)
        if error is not None:
            self._fail(error)
            return
        identity, due = found[0]
        entry = instrument_entry(self._driver.name, identity, due, simulated=self._simulated)
        try:
            facts = self._run.record("instruments", [entry])
        except StepError as refused:
            self._fail(refused)
            return
        self._run.emit(FactRecorded("", "instruments", facts))
        for problem in (self._wrong_identity(identity), self._overdue(due)):
            if problem is not None:
                self._fail(StepError(problem))

    def check_again(self, opened: object) -> None:
        """For an instrument that was reopened. Raises ``StepError`` when it is another one."""
        if (problem := self._wrong_identity(self._identity(opened))) is not None:
            raise StepError(problem)

    def _template(self, key: str) -> str | None:
        written = self._written.get(key)
        return None if written is None else evaluate_text(str(written), self._run.scope())

    def _identity(self, opened: object) -> str | None:
        # What only some packages call so is asked when it is needed: it may be any other number.
        names = IDENTITIES if "idn" in self._written else IDENTITIES[:2]
        offered = next((found for name in names if (found := getattr(opened, name, None)) is not None), None)
        identity = offered() if callable(offered) else offered
        if isinstance(identity, bytes):
            identity = identity.decode("utf-8", "replace")
        if isinstance(identity, str):
            return identity.strip()
        if "idn" in self._written and not self._simulated:
            found = Reason("returned_no_string", found=f"{identity!r:.80}")
            raise StepError(Reason("identity_unknown", reason=Reason("no_identify") if offered is None else found))
        return None

    def _calibration(self) -> str | None:
        due = self._template("calibration_due")
        if due is not None:
            try:
                parse_due(due)
            except ValueError as error:
                raise StepError(Reason("bad_due", due=due, reason=why(error))) from None
        return due

    def _wrong_identity(self, identity: str | None) -> Reason | None:
        try:
            pattern = self._template("idn")
            if pattern is None or identity is None or self._simulated or compile_pattern(pattern).search(identity):
                return None
        except (re.error, ValueError, StepError) as error:
            return Reason("bad_idn", detail=why(error))
        return Reason("wrong_instrument", pattern=pattern, found=identity)

    def _overdue(self, due: str | None) -> Reason | None:
        today = date.today()  # the stand's own day: calibration certificates know no time zones
        if due is None or self._simulated or parse_due(due) >= today:
            return None
        return Reason("calibration_overdue", today=today.isoformat(), due=due)

    def _fail(self, error: BaseException) -> None:
        name = self._driver.name
        reason = Reason("requirement", driver=name, detail=reason_of(error))
        self._run.flow.halt(reason)
        trace = driver_traceback(error, self._run.folder)
        place = self._driver.how.get("place")
        self._run.fail(reason, place=place, step=CHECK_DRIVER, call=name, traceback=trace)
