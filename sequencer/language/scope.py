"""Which names an expression may use where it stands, and which of those that are declared nobody uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from itertools import chain
from typing import NamedTuple

from sequencer.expressions.expression import CONSTANTS, FUNCTIONS, NameUse
from sequencer.language.mentions import Mentions
from sequencer.language.problems import Problems
from sequencer.language.shapes.wording import did_you_mean, known_here
from sequencer.protocol.request import Slot
from sequencer.report.event import Scope
from sequencer.steps.record import RECORD_SCHEMAS
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place

RUN_FIELDS = ("id", "name", "version", "start_time", "simulated", "evidence", "user")
AFTER_RUN_NAMES = ("verdict", "report")

_SECTIONS = ("process", "batch", "dut", "stand")
ALWAYS = ("params", *_SECTIONS, "run", "slot")
"""The names that hardseq itself puts in scope; a case has ``attempt`` besides."""

VARIANT = "variant"
"""The name of the run's variant, where a sequence has variants."""

_KEYWORDS = frozenset(["and", "else", "false", "if", "in", "is", "none", "not", "or", "true"])
RESERVED = frozenset([*ALWAYS, "attempt", *AFTER_RUN_NAMES, *FUNCTIONS, *CONSTANTS, *_KEYWORDS])
"""Names that no variable can have."""


class VariableDefinition(NamedTuple):
    """Where a variable is set, and for how long."""

    case: str | None
    scope: Scope
    place: Place


class _Unknown(NamedTuple):
    name: str
    place: Place
    case: str | None
    hint: str | None
    once: Place | None = None


@dataclass()
class VariableNames:
    """The names of one sequence while it is read in running order."""

    problems: Problems
    mentions: Mentions
    params: frozenset[str] = frozenset()
    param_places: Mapping[str, Place] = field(default_factory=dict)
    case: str | None = None
    used: set[str] = field(default_factory=set)
    drivers: frozenset[str] = frozenset()
    _told: set[tuple[str, str]] = field(default_factory=set)
    _named_like_drivers: set[str] = field(default_factory=set)
    _run: dict[str, Place] = field(default_factory=dict)
    _module: dict[str, Place] = field(default_factory=dict)
    _case: dict[str, Place] = field(default_factory=dict)
    _built_in: frozenset[str] = frozenset(ALWAYS)
    _definitions: dict[str, list[VariableDefinition]] = field(default_factory=dict)
    _before_once: frozenset[str] | None = None
    _once: dict[str, Place] = field(default_factory=dict)
    _unknown: list[_Unknown] = field(default_factory=list)

    def begin_module(self) -> None:
        """Variables of module scope end here."""
        self._module.clear()

    def begin_case(self, full_name: str | None) -> None:
        """Variables of case scope end here."""
        self.case = full_name
        self._case.clear()
        self._built_in = frozenset(ALWAYS if full_name is None else (*ALWAYS, "attempt"))

    def begin_after_run(self) -> None:
        """The steps after the run see what lives as long as the run, and its outcome."""
        self.begin_module()
        self.begin_case(None)
        self._built_in = frozenset([*ALWAYS, *AFTER_RUN_NAMES])

    def bind(self, name: str, place: Place) -> None:
        """Puts the variable of a loop or of a row in scope; one that hides another is reported, once for all rows."""
        told = (self.case or "").partition("[")[0], name
        if told in self._told:
            self.mentions.add("variable", name, place, self._case.setdefault(name, place), self._within("case"))
            return
        hidden = self._module.get(name) or self._run.get(name)
        if hidden is not None:
            message = f"`{name}` hides the variable of the same name"
            hint = f"it is set on line {hidden.line}: rename one of the two"
            self.problems.report("hidden-variable", message, place, hint=hint)
        if not self.define(name, place) or hidden is not None:
            self._told.add(told)

    def define(self, name: str, place: Place, scope: Scope = "case") -> bool:
        """Puts a variable in scope; a name that cannot be one is reported."""
        if name in RESERVED:
            what = "a function" if name in FUNCTIONS else "a reserved word"
            self.problems.report("reserved-name", f"`{name}` is {what} and cannot be a variable", place)
            return False
        if self._before_once is not None and name in self._before_once:
            message = f"only the slot that does this sets `{name}`: in the others it keeps the value that it has"
            self.problems.report("set-in-once", message, place, severity="warning")
        if name in self.drivers and name not in self._named_like_drivers:
            self._named_like_drivers.add(name)
            message = f"`{name}` is the name of a driver; from here on it names a variable"
            self.problems.report("named-like-driver", message, place, severity="warning")
        symbol = {"case": self._case, "module": self._module, "run": self._run}[scope].setdefault(name, place)
        self.mentions.add("variable", name, place, symbol, self._within(scope))
        self._definitions.setdefault(name, []).append(VariableDefinition(self.case, scope, place))
        return True

    def _within(self, scope: Scope) -> str:
        """Where a variable that is set now can be read: see ``Mention``."""
        case = (self.case or "").partition("[")[0]
        return case if scope == "case" else case.partition("::")[0] if scope == "module" else ""

    def declared(self, name: str) -> Place | None:
        """Where the variable that is in scope now by this name was set first."""
        return self._case.get(name) or self._module.get(name) or self._run.get(name)

    @contextmanager
    def once(self, place: Place) -> Iterator[None]:
        """While steps are read that one slot does for all, in the `sync` at ``place``: what they set, others lack."""
        scopes = (self._case, self._module, self._run)
        before = frozenset(chain.from_iterable(scopes))
        outer, self._before_once = self._before_once, before
        yield
        self._before_once = outer
        for scope in scopes:
            for name in scope.keys() - before:
                del scope[name]
                self._once[name] = place

    def stands_for(self, use: NameUse) -> bool:
        """Whether it is a variable in scope now, a parameter or a fact: what a text hardly names by chance."""
        name = use.name
        if name in self._case or name in self._module or name in self._run:
            return True
        fields = self.fields(name) if name in ALWAYS else None
        return fields is not None and use.attribute in fields

    def accepts(self, use: NameUse) -> bool:
        """Whether an expression may use what it uses; it is noted as used."""
        name = use.name
        if name in self._case or name in self._module or name in self._run:
            self.used.add(name)
            return True
        if name not in self._built_in or use.attribute is None:
            return name in self._built_in
        if name == "params":
            self.used.add(f"params.{use.attribute}")
        fields = self.fields(name)
        return fields is None or use.attribute in fields

    def refuse(self, use: NameUse, place: Place, attribute_place: Place) -> None:
        """Keeps a use that was not accepted, to be reported now or, when all definitions are known, by ``finish``."""
        if use.name not in self._built_in:
            hint = did_you_mean(use.name, self._known())
            self._unknown.append(_Unknown(use.name, place, self.case, hint, self._once.get(use.name)))
        elif use.attribute is not None:
            self._attribute(use.name, use.attribute, attribute_place)

    def _known(self) -> Iterator[str]:
        for names in (self._case, self._module, self._run, self._built_in):
            yield from names

    def _attribute(self, name: str, attribute: str, place: Place) -> None:
        fields = self.fields(name) or frozenset()
        message = f"there is no parameter `{attribute}`" if name == "params" else f"`{name}` has no `{attribute}`"
        hint = did_you_mean(attribute, fields) or known_here(fields)
        if name == "params" and not fields:
            hint = "declare it under `params:`"
        self.problems.report("unknown-attribute", message, place, hint=hint)

    def fields(self, name: str) -> frozenset[str] | None:
        """The attributes of one of the names that are always there; ``None`` when anything may be read of it."""
        if name == "params":
            return self.params
        if name in _SECTIONS:
            properties: Mapping[str, object] = RECORD_SCHEMAS[name]["properties"]
            return frozenset(properties)
        if name == "run":
            return frozenset(RUN_FIELDS)
        if name == "slot":
            return frozenset(Slot().in_scope())
        return frozenset() if name == "attempt" else None

    def finish(self) -> None:
        """Reports the names that nothing defines, now that all definitions are known."""
        for unknown in self._unknown:
            definitions = self._definitions.get(unknown.name, [])
            same_case = [each for each in definitions if each.case == unknown.case]
            if unknown.once is not None and (same_case or definitions[0].scope != "case"):
                message = f"`{unknown.name}` is there only in the slot that does the `once` of the `sync`"
                hint: str | None = f"that is on line {unknown.once.line}; read it from a shared driver after it"
            elif same_case:
                message = f"`{unknown.name}` is used before it is set"
                hint = f"it is set on line {same_case[0].place.line}"
            else:
                message = f"`{unknown.name}` is not defined here"
                hint = _elsewhere(unknown.name, definitions) or unknown.hint
                hint = hint or f"quote it if it is a string: '{unknown.name}'"
            self.problems.report("undefined-name", message, unknown.place, hint=hint)


def _elsewhere(name: str, definitions: Iterable[VariableDefinition]) -> str | None:
    """What helps when another case sets the name."""
    for definition in definitions:
        if definition.case is not None and definition.scope == "case":
            return f"`{definition.case}` sets it for itself only: use `set` with `scope: run` there"
        if definition.case is not None:
            where = f"`{definition.case}` (line {definition.place.line}) sets it"
            return f"{where} later, or for its own module only"
    return None
