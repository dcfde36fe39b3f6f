"""Builds what stands above the modules: params, vars, drivers, and the facts recorded before the first case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sequencer.language.checks.shared_drivers import check_shared_driver, constants
from sequencer.language.context import ReadContext
from sequencer.language.each_run import asked_each_run
from sequencer.language.scope import RESERVED
from sequencer.language.shapes.wording import show
from sequencer.protocol.params import read_param
from sequencer.steps.record import RECORD_SCHEMAS, check_facts
from sequencer.vocabulary.data import Data, Scalar
from sequencer.vocabulary.model import Module, Param
from sequencer.vocabulary.refused_value import RefusedValue, for_author
from sequencer.vocabulary.regex import PatternError, compile_pattern, nests_repetitions
from sequencer.vocabulary.tree import MappingNode, SequenceNode


class TopLevel:
    """Reads the sections of the top level, whose own shape was checked."""

    def __init__(self, context: ReadContext, root: MappingNode) -> None:
        self._context = context
        self._root = root

    def _section(self, key: str) -> MappingNode | None:
        node = self._root.get(key)
        return node if isinstance(node, MappingNode) else None

    def _names(self, key: str, what: str) -> list[tuple[MappingNode, str]]:
        node = self._section(key)
        if node is None:
            return []
        return [(node, name) for name in self._context.shapes.ids(what).check(node, self._context.problems.report)]

    def params(self) -> tuple[Param, ...]:
        """The inputs of the run; their names are known to expressions afterwards, also those of broken ones."""
        params = []
        for node, name in self._names("params", "the name of a parameter"):
            if self._context.shapes.param.check(node, name, self._context.sources, self._context.problems.report):
                params.append(self._param(node, name))
        section = self._section("params")
        self._context.names.params = frozenset(section or ())
        if section is not None:
            places = {name: section.key_place(name) for name in section}
            self._context.names.param_places = places
            for name, place in places.items():
                self._context.mentions.add("param", name, place, place)
        return tuple(params)

    def _param(self, owner: MappingNode, name: str) -> Param:
        node: MappingNode = owner[name]
        kind = node.get("type", "string")
        param = Param(
            name=name,
            type=kind,
            prompt=node.get("prompt"),
            pattern=node.get("pattern"),
            hint=node.get("hint"),
            example=self._scalar(node, "example", kind),
            default=self._scalar(node, "default", kind),
            required=node.get("required", node.get("default") is None),
            minimum=node.get("min"),
            maximum=node.get("max"),
            one_of=self._choices(node, kind),
        )
        self._check_param(node, param)
        return param

    def _scalar(self, node: MappingNode, key: str, kind: str) -> Scalar:
        """The value of ``key``; a number that stands for a text as it is written."""
        value: Scalar = node.get(key)
        if kind == "string" and isinstance(value, int | float) and not isinstance(value, bool):
            return self._context.sources.written(node.value_place(key), value)
        return value

    def _choices(self, node: MappingNode, kind: str) -> tuple[Any, ...]:
        written = node.get("one_of", ())
        if kind != "string" or not isinstance(written, SequenceNode):
            return tuple(written)
        return tuple(
            each if isinstance(each, str) else self._context.sources.written(written.item_place(index), each)
            for index, each in enumerate(written)
        )

    def _check_param(self, node: MappingNode, param: Param) -> None:
        report = self._context.problems.report
        if param.pattern is not None:
            try:
                compile_pattern(param.pattern)
            except PatternError as error:
                report("bad-pattern", f"this is not a valid regular expression: {error}", node.value_place("pattern"))
                return
            if nests_repetitions(compile_pattern(param.pattern)):
                message = (
                    "a repetition inside a repetition can take forever on a string that does not match; simplify it"
                )
                report("slow-regex", message, node.value_place("pattern"), severity="warning")
                return
        is_number = param.type in ("integer", "number")
        is_text = param.type == "string"
        for key, fits in (("pattern", is_text), ("hint", is_text), ("min", is_number), ("max", is_number)):
            if key in node and not fits:
                message = f"`{key}` cannot be used with `type: {param.type}`"
                report("useless-key", message, node.key_place(key))
        if param.minimum is not None and param.maximum is not None and param.minimum > param.maximum:
            report("nothing-allowed", "`min` is above `max`", node.value_place("min"))
        self._check_values(node, replace(param, example=None), param.example)

    def _check_values(self, node: MappingNode, param: Param, example: Scalar) -> None:
        """What may be chosen, the default and the example must be allowed."""
        report = self._context.problems.report
        alone = replace(param, one_of=())
        shown: set[str] = set()
        for index, choice in enumerate(param.one_of):
            place = node["one_of"].item_place(index)
            self._try(alone, choice, place, "this choice")
            if str(choice) in shown:
                report("duplicate-choice", f"{show(choice)} is given twice", place)
            shown.add(str(choice))
        for key, value in (("default", param.default), ("example", example)):
            if value is not None:
                self._try(param, value, node.value_place(key), f"the {key}")

    def _try(self, param: Param, written: Any, place: Any, what: str) -> None:
        try:
            read_param(param, written)
        except RefusedValue as error:
            message = f"{what} {for_author(error)}, not {show(written)}"
            self._context.problems.report("bad-default" if what == "the default" else "wrong-value", message, place)

    def asked_each_run(
        self, params: tuple[Param, ...], record: Mapping[str, Data], modules: Iterable[Module]
    ) -> tuple[Param, ...]:
        """The ``params`` once it is known what the sequence does with them."""
        return asked_each_run(self._section("params"), params, record, modules, self._context.problems.report)

    def variables(self) -> dict[str, Data]:
        """The ``vars`` section; they may use each other in any order, but not in a cycle."""
        names = self._context.names
        names.drivers = frozenset(self._section("drivers") or ())
        written = self._names("vars", "the name of a variable")
        for node, name in written:
            names.define(name, node.key_place(name), "run")
        variables, uses, used = {}, {}, names.used
        for node, name in written:
            names.used = set()
            variables[name] = self._context.expressions.template(node[name], node.file, node.value_spans[name])
            uses[name] = names.used
            used |= names.used
        names.used = used
        for node, name in written:
            if name in _reachable(uses, name):
                message = f"`{name}` is computed from itself"
                self._context.problems.report("variable-circle", message, node.value_place(name))
        return variables

    def record(self, bad: frozenset[str]) -> dict[str, Data]:
        """The facts recorded before the first case, by section; those of ``bad`` shape are left out."""
        root = self._root
        sections = [section for section in RECORD_SCHEMAS if section in root and section not in bad]
        for section in sections:
            check_facts(root, section, self._context.problems.report)
        template = self._context.expressions.template
        return {section: template(root[section], root.file, root.value_spans[section]) for section in sections}

    def drivers(self, variables: Mapping[str, Data]) -> None:
        """Declares the drivers; ``variables`` are those that their arguments may use."""
        for node, name in self._names("drivers", "the name of a driver"):
            if self._context.shapes.driver.check(node, name, self._context.sources, self._context.problems.report):
                self._context.drivers.declare(node, name, self._context.expressions)
                written = node[name]
                if isinstance(written, MappingNode) and written.get("shared") is True:
                    report = self._context.problems.report
                    check_shared_driver(written, constants(variables), self._context.sources, report)
            else:
                self._context.drivers.declare_broken(name, node.key_place(name))

    def report_unused(self) -> None:
        """Warns about variables and drivers that nobody uses, unless cases could not be read that may use them."""
        if self._context.tables.incomplete:
            return
        report = self._context.problems.report
        for node, name in self._names("vars", "the name of a variable"):
            if name not in self._context.names.used and name not in RESERVED:
                report("unused-variable", f"nothing uses `{name}`", node.key_place(name), severity="warning")
        for declared in self._context.drivers.calls.declared.values():
            if not declared.used and declared.driver is not None:
                message = f"nothing calls the driver `{declared.name}`"
                report("unused-driver", message, declared.place, severity="warning")


def _reachable(uses: Mapping[str, set[str]], start: str) -> set[str]:
    """The variables that ``start`` is computed from, over however many others."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for name in uses.get(waiting.pop(), ()):
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached
