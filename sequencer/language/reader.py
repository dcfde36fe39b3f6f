"""``StepReader``: what the step files need in order to read their keys, and the reading of step lists itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sequencer.expressions.expression import OPENING, has_expression
from sequencer.language.blocks import BlockDefinition, Library, check_parameters, mention_block
from sequencer.language.checks.stand_facts import check_stand_facts
from sequencer.language.context import ReadContext
from sequencer.language.scope import VARIANT
from sequencer.language.shapes.errors import expression_in_key
from sequencer.language.shapes.wording import did_you_mean, known_here, listed, show
from sequencer.language.slot_blocks import SlotBlocks
from sequencer.language.tables.matrix import RowValues
from sequencer.limits import limit_problems
from sequencer.limits.parse import without_open_sides
from sequencer.limits.units import convert_limits
from sequencer.report.event import Scope
from sequencer.steps.base import Block, StepType
from sequencer.steps.keys import SHARED_KEYS
from sequencer.steps.measuring import MEASUREMENT
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.extension import UnusableExtension
from sequencer.vocabulary.model import DriverCall, Step, StepRetry
from sequencer.vocabulary.problem import Place, ProblemReporter, Severity
from sequencer.vocabulary.registry import Registry
from sequencer.vocabulary.status import OnFail
from sequencer.vocabulary.times import parse_duration
from sequencer.vocabulary.tree import MappingNode, SequenceNode, place_at

_OTHER_NAMES = {
    **dict.fromkeys(("assert", "verify", "expect"), "check"),
    **dict.fromkeys(("sleep", "delay"), "wait"),
    **dict.fromkeys(("run", "shell", "command"), "exec"),
    **dict.fromkeys(("print", "echo"), "log"),
    **dict.fromkeys(("ask", "prompt"), "dialog"),
    **dict.fromkeys(("loop", "for"), "for_each"),
}
"""What other tools call a verb."""

_MEANT_TOGETHER = {frozenset({"sync", "steps"}): "what one slot does for all is written under `once`"}
"""What two verbs in one step are likely to mean."""


def choose_verb(node: MappingNode, types: Registry[StepType], report: ProblemReporter) -> str | None:
    """The verb of a step: the one that the others can stand beside. None, or two, is reported."""
    verbs = [key for key in node if key in types and key not in SHARED_KEYS]
    if len(verbs) == 1:
        return verbs[0]
    if not verbs:
        _no_verb(node, types, report)
        return None
    # What is a key of hardseq's own verbs stays one, whatever verbs other packages add.
    for candidates in (
        [verb for verb in verbs if verb in types.own],
        [verb for verb in verbs if verb not in types.own],
    ):
        try:
            owners = [verb for verb in candidates if {*verbs} <= {verb, *types[verb].keys}]
        except UnusableExtension as unusable:
            report("unusable-extension", str(unusable), node.key_place(candidates[0]))
            return None
        if len(owners) == 1:
            return owners[0]
    message = f"a step has one verb, but this one has {listed((f'`{verb}`' for verb in verbs), 'and')}"
    hint = _MEANT_TOGETHER.get(frozenset(verbs), "make each a step of its own")
    report("two-verbs", message, node.key_place(verbs[1]), hint=hint)
    return None


def _no_verb(node: MappingNode, types: Registry[StepType], report: ProblemReporter) -> None:
    further = {key for step_type in types.own.values() for key in step_type.keys}
    for key in node:
        if key not in SHARED_KEYS and key not in further:
            hint = f"write `{_OTHER_NAMES[key]}`" if key in _OTHER_NAMES else did_you_mean(key, types)
            hint = hint or f"{_verbs(types)}; a verb of another package needs that package installed"
            report("unknown-verb", f"there is no step `{key}`", node.key_place(key), hint=hint)
            return
    first = next(iter(node), None)
    place = node.place if first is None else node.key_place(first)
    report("no-verb", "this step has no verb", place, hint=_verbs(types))


def _verbs(types: Registry[StepType]) -> str:
    return f"the verbs are {listed(types, 'and')}"


MAX_NESTED_BLOCKS = 20
MAX_BLOCKS = 1000


class CaseStepReader:
    """Reads the steps of one case. ``drivers`` are those it calls.

    ``row`` is what is known of its variables; ``certain``, whether it runs as far as they say;
    ``optional``, whether it has an `if` at all.
    """

    def __init__(
        self,
        context: ReadContext,
        library: Library,
        *,
        default_on_fail: OnFail | None = None,
        default_timeout: float | None = None,
        after_run: bool = False,
        row: RowValues | None = None,
        certain: bool = True,
        optional: bool = False,
    ) -> None:
        self.after_run = after_run
        self._row = row or RowValues({}, context.expressions.row_budget)
        self._certain = certain
        self._optional = optional
        self._library = library
        self._blocks: list[BlockDefinition] = []
        self._expanded = 0
        self.drivers: dict[str, None] = {}
        self._context = context
        self._slot_blocks = SlotBlocks(context.drivers.calls, context.names, context.problems, context.sync_points)
        self._default_on_fail = default_on_fail
        self._default_timeout = default_timeout

    @property
    def project(self) -> Path:
        """The project folder."""
        return self._context.sources.project

    def problem(
        self, code: str, message: str, place: Place, *, hint: str | None = None, severity: Severity = "error"
    ) -> None:
        """Adds a problem; reading goes on."""
        self._context.problems.report(code, message, place, hint=hint, severity=severity)

    def shared(self, node: MappingNode, verb: str) -> dict[str, object]:
        """The keyword arguments for ``Step`` itself."""
        taken = self._context.step_types[verb].shared
        return {
            "verb": verb,
            "place": node.place,
            "name": node.get("name"),
            "when": self._context.condition(node, "step"),
            "timeout": self._context.timeout(node) or (self._default_timeout if "timeout" in taken else None),
            "retry": self._retry(node),
            "on_fail": node.get("on_fail") or (self._default_on_fail if "on_fail" in taken else None),
            "error_code": node.get("error_code"),
        }

    def _retry(self, node: MappingNode) -> StepRetry | None:
        written = node.get("retry")
        if written is None:
            return None
        if isinstance(written, MappingNode):
            return StepRetry(times=written["times"], delay=self.seconds(written, "delay") or 0.0)
        return StepRetry(times=written)

    def template(self, node: MappingNode, key: str) -> Any:
        """Plain data under ``key``, with every expression in it checked."""
        if key not in node:
            return None
        return self._context.expressions.template(node[key], node.file, node.value_spans[key])

    def value(self, node: MappingNode, key: str) -> object:
        """As ``template``, for what is seldom a text: one that looks like an expression is warned about."""
        value = self.template(node, key)
        if isinstance(value, str):
            self._context.expressions.warn_of_bare(value, node.value_place(key))
        return value

    def text(self, node: MappingNode, key: str) -> str | None:
        """A text template; a number or boolean is taken as the text that stands in the file."""
        value = node.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            return self._context.sources.written(node.value_place(key), value)
        if OPENING in value:
            self._context.expressions.text(value, node.value_place(key))
        return value

    def expression(self, node: MappingNode, key: str) -> str | None:
        """A bare expression, checked; a boolean becomes ``"true"`` or ``"false"``."""
        value = node.get(key)
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        self._context.expressions.condition(str(value), node.value_place(key))
        return str(value).strip()

    def limits(self, node: MappingNode, key: str, unit: str | None) -> object:
        """Limits as plain data, checked for sense as far as they hold no expressions."""
        if key not in node:
            return None
        written = self.template(node, key)
        if written is None:
            message = f"`{key}` is empty: nothing would be judged"
            self.problem("limit-form", message, node.key_place(key), hint="give [lowest, highest], or remove it")
            return None
        named, at = written, node[key]
        while isinstance(named, dict) and isinstance(named.get("each"), dict):
            named, at = named["each"], at["each"]
        if isinstance(named, dict) and "table" in named and (named is written or len(written) == 1):
            self._look_up(node, at, named)
            return written
        written = without_open_sides(written) if isinstance(written, list) else written
        known_unit = None if has_expression(unit) else unit
        wrong = limit_problems(written, known_unit)
        for path, code, message, severity in wrong:
            place = place_at(node, (key, *path), of_key=code == "unknown-limit")
            if code == "unknown-limit" and OPENING in str(path[-1]):
                expression_in_key(place, self.problem)
                continue
            self.problem(code, message, place, severity=severity)
        if any(problem.severity == "error" for problem in wrong):
            return written
        if self._certain:
            self._row.judge(written, unit, self._context.problems)
        return convert_limits(written, known_unit)

    def _look_up(self, step: MappingNode, node: MappingNode, written: Mapping[str, Data]) -> None:
        """Checks limits that a table has: ``{table: NAME, key: {...}}``, whose row the run finds."""
        tables, name, place = self._context.limit_tables, written["table"], node.value_place("table")
        for other in node.keys() - {"table", "key"}:
            message = f"`table` gives the limits: `{other}` cannot stand beside it"
            self.problem("limit-form", message, node.key_place(other))
        if not isinstance(name, str) or name not in tables:
            hint = did_you_mean(name, tables) or known_here(tables) or "declare it under `tables:`"
            self.problem("unknown-table", f"there is no table {show(name)}", place, hint=hint)
            return
        if (declared := self._context.table_sections.get(name)) is not None:
            self._context.mentions.add("table", name, place, declared)
        table, given = tables[name], written.get("key", {})
        if table is not None and isinstance(given, Mapping):
            wanted = [each for each in table.key if each not in (VARIANT, MEASUREMENT)]
            for each in given:
                if each not in wanted:
                    at = place_at(node, ("key", each), of_key=True)
                    hint = known_here(wanted) or "the table's rows are found without it"
                    self.problem("unknown-key", f"`{each}` is not given for the table `{name}`", at, hint=hint)
            for each in wanted:
                if each not in given:
                    hint = f"write `key: {{{each}: ...}}` beside `table`"
                    self.problem("missing-key", f"the rows of `{name}` are found by `{each}` too", place, hint=hint)
        elif not isinstance(given, Mapping):
            self.problem("wrong-type", f"`key` must be a mapping, not {show(given)}", node.value_place("key"))
        self._context.table_places[step.place] = place

    def seconds(self, node: MappingNode, key: str) -> float | None:
        """A duration in seconds."""
        if key not in node:
            return None
        try:
            return parse_duration(node[key])
        except ValueError as error:
            self.problem("wrong-value", str(error), node.value_place(key))
            return None

    def call(self, node: MappingNode, key: str = "call") -> DriverCall | None:
        """The driver call under ``key`` with the arguments under ``with``, checked against the driver's source."""
        if key not in node:
            return None
        given = self.template(node, "with") or {}
        arguments = node.get("with")
        for name, value in given.items():
            takes_text = self._context.drivers.calls.takes_text(node[key], name)
            if isinstance(value, str) and arguments is not None and not takes_text:
                self._context.expressions.warn_of_bare(value, arguments.value_place(name))
        call = self._context.drivers.calls.call(node[key], node.value_place(key), arguments, given)
        if call is not None:
            self.drivers.setdefault(call.driver)
        return call

    def assigned(self, node: MappingNode, key: str) -> DriverCall | None:
        """The property of a driver under ``key``, checked against the driver's source to be one that can be set."""
        target = self._context.drivers.calls.assigned(node[key], node.value_place(key))
        if target is not None:
            self.drivers.setdefault(target.driver)
        return target

    def bind(self, name: str, place: Place) -> None:
        """As ``define``, for the variable of a loop: it must not hide another one."""
        self._row.forget(name)
        self._context.names.bind(name, place)

    def define(self, name: str, place: Place, scope: Scope = "case") -> None:
        """From here on expressions may use ``name``."""
        self._row.forget(name)
        self._context.names.define(name, place, scope)

    def block(self, node: MappingNode) -> Block | None:
        """The included step list under ``use`` with its parameters, read as if its steps stood here."""
        place = node.value_place("use")
        given = self.template(node, "with") or {}
        definition = self._library.find(node["use"], "steps", place, self._context.problems)
        if definition is None:
            return None
        check_parameters(definition, node, place, self._context.problems)
        mention_block(definition, node, place, self._context.sources, self._context.mentions)
        if any(definition.node is each.node for each in self._blocks) or len(self._blocks) >= MAX_NESTED_BLOCKS:
            names = " → ".join([*(each.name for each in self._blocks), definition.name])
            self.problem("use-circle", f"step lists use each other in a cycle: {names}", place)
            return None
        self._expanded += 1
        if self._expanded > MAX_BLOCKS:
            self.problem("too-many-blocks", f"one case may use at most {MAX_BLOCKS} step lists", place)
            return None
        return self._expand(node["use"], definition, given)

    def holding(self, node: MappingNode, key: str) -> AbstractContextManager[tuple[str, ...]]:
        """While the steps of a ``hold`` are read: gives the shared drivers named under ``key``."""
        return self._slot_blocks.holding(node, key)

    def meeting(self, node: MappingNode, key: str) -> AbstractContextManager[str]:
        """While the steps are read that one slot carries out at the sync point named under ``key``: gives a name of it
        that no other case has."""
        return self._slot_blocks.meeting(node, key, after_run=self.after_run)

    def _expand(self, name: str, definition: BlockDefinition, given: Mapping[str, Data]) -> Block:
        outer, self._library = self._library, definition.library
        self._blocks.append(definition)
        parameters = dict(given)
        for parameter, owner in definition.params.items():
            if parameter not in parameters and owner is not None:
                parameters[parameter] = self.template(owner, "default")
        for parameter in definition.params:
            self.define(parameter, definition.node["params"].key_place(parameter))
            self._row.pass_on(parameter, parameters.get(parameter))
        steps = self.steps(definition.node)
        self._blocks.pop()
        self._library = outer
        return Block(name, parameters, steps)

    def steps(self, node: MappingNode, key: str = "steps") -> tuple[Step, ...]:
        """The nested steps under ``key``; those that cannot be used were reported and are left out."""
        written = node.get(key)
        if not isinstance(written, SequenceNode):
            return ()
        read = (self._step(each, written.item_place(index)) for index, each in enumerate(written))
        return tuple(step for step in read if step is not None)

    def _step(self, node: object, place: Place) -> Step | None:
        types = self._context.step_types
        if not isinstance(node, MappingNode):
            word = str(node).rstrip(":")
            hint = f"write `- {word}: ...`" if word in types else "write `- verb: ...`, such as `- wait: 1 s`"
            self.problem("not-a-step", f"a step must be a mapping with one verb, not {show(node)}", place, hint=hint)
            return None
        verb = choose_verb(node, types, self.problem)
        if verb is None:
            self._salvage(node, frozenset())
            return None
        step_type = self._context.step_type(verb, node.key_place(verb))
        if step_type is None:
            self._salvage(node, frozenset())
            return None
        bad = self._context.check_step(step_type, node)
        if bad:
            self._salvage(node, bad)
            return None
        certain, optional = self._certain, self._optional
        self._certain = certain and self._row.is_true(node.get("if"))
        self._optional = optional or node.get("if", True) is not True
        if verb == "record" and not self._optional:
            check_stand_facts(node["record"].get("stand"), self._context.stand, self.problem)
        step = step_type.parse(node, self) if verb in types.own else self._read_foreign(step_type, node)
        self._certain, self._optional = certain, optional
        return step

    def _read_foreign(self, step_type: StepType, node: MappingNode) -> Step | None:
        """A step of another package, held to its promise: what it does not read, it says."""
        place, errors = node.key_place(step_type.verb), self._context.problems.errors
        try:
            step = step_type.parse(node, self)
        except UnusableExtension as unusable:
            self.problem("unusable-extension", str(unusable), place)
            return None
        if isinstance(step, step_type.model) and (step.verb, step.place) == (step_type.verb, node.place):
            return step
        if step is not None or self._context.problems.errors == errors:
            announced = self._context.step_types.announced[step_type.verb][0]
            reason = announced.unusable(f"it made no `{step_type.model.__name__}` of this step, and did not say why")
            self.problem("unusable-extension", str(reason), place)
        return None

    def _salvage(self, node: MappingNode, bad: frozenset[str]) -> None:
        """Reads what is good of a broken step: its expressions, its call, what it would define, the steps inside it.

        So the problems there are told in the same go, and nobody is told that its variable is not defined.
        """
        if "if" not in bad:
            self._context.condition(node, "step")
        if isinstance(node.get("call"), str) and not bad & {"call", "with"}:
            self.call(node)
        for key in node:
            if key not in bad and key not in ("if", "call", "with", "steps", "once"):
                self.template(node, key)
        scope: Scope = "run" if node.get("scope") in ("module", "run") else "case"
        for key in ("save", "index"):
            if isinstance(node.get(key), str):
                self.define(node[key], node.value_place(key), scope)
        for key in ("set", "for_each"):
            written = node.get(key)
            if isinstance(written, MappingNode):
                for name in written:
                    self.define(name, written.key_place(name), scope)
        self.steps(node)
        self.steps(node, "once")
