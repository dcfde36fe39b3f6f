"""Builds modules and cases: headers first, then, in running order, the steps."""

from __future__ import annotations

from collections.abc import Iterable

from sequencer.language.bindings import CaseBindings
from sequencer.language.context import ReadContext
from sequencer.language.plan import CasePlan, ModulePlan, Nodes, find, value
from sequencer.language.reader import CaseStepReader
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Case, Module
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.status import OnFail
from sequencer.vocabulary.times import parse_duration
from sequencer.vocabulary.tree import MappingNode, SequenceNode


@dataclass(frozen=True, slots=True)
class CaseDefaults:
    """What the sequence says for those that say nothing."""

    timeout: float | None = None
    attempts: int = 1
    attempt_delay: float = 0.0
    on_fail: OnFail | None = None


def read_defaults(root: MappingNode, context: ReadContext) -> CaseDefaults:
    """The ``defaults`` section, as far as its shape is right."""
    node = root.get("defaults")
    if not isinstance(node, MappingNode):
        return CaseDefaults()
    times, delay = attempts((node,), CaseDefaults())
    return CaseDefaults(context.timeout(node), times, delay, _on_fail((node,)))


def attempts(nodes: Nodes, defaults: CaseDefaults) -> tuple[int, float]:
    """How often, and the pause in seconds."""
    written = value(nodes, "attempts")
    if isinstance(written, MappingNode):
        times = written.get("times")
        return times if isinstance(times, int) else 1, _delay(written)
    if isinstance(written, int) and not isinstance(written, bool):
        return written, 0.0
    return defaults.attempts, defaults.attempt_delay


def _delay(node: MappingNode) -> float:
    try:
        return parse_duration(node.get("delay", "0 s"))
    except ValueError:
        return 0.0  # the schema's check has said so


def _on_fail(nodes: Nodes) -> OnFail | None:
    written = value(nodes, "on_fail")
    return written if written in ("continue", "stop") else None


class ModuleBuilder:
    """Turns the plan into the model."""

    def __init__(self, context: ReadContext, defaults: CaseDefaults) -> None:
        self._context = context
        self._defaults = defaults

    def build(self, modules: Iterable[ModulePlan]) -> tuple[Module, ...]:
        """The modules, in running order as given."""
        return tuple(self._module(module) for module in modules)

    def _module(self, plan: ModulePlan) -> Module:
        self._context.names.begin_module()
        self._context.names.begin_case(None)
        when = self._condition(plan.nodes, "module")
        return Module(
            id=plan.id,
            name=_text(plan.nodes, "name") or plan.id,
            place=plan.place,
            description=_text(plan.nodes, "description"),
            group=plan.group,
            critical=value(plan.nodes, "critical") is True,
            when=when,
            when_place=None if when is None else _place(plan.nodes, "if"),
            cases=tuple(self._case(case) for case in plan.cases),
        )

    def _case(self, plan: CasePlan) -> Case:
        self._context.names.begin_case(plan.full_name)
        bindings = CaseBindings(plan, self._context)
        when = bindings.condition(self._condition(plan.nodes, "case"))
        reader = CaseStepReader(
            self._context,
            plan.library,
            default_on_fail=self._defaults.on_fail,
            row=bindings.row(),
            certain=when != "false",
            optional=find((*plan.nodes, *plan.module.nodes), "if") is not None,
        )
        node = find(plan.nodes, "steps")
        steps = () if node is None else reader.steps(node)
        both = (*plan.nodes, *plan.module.nodes)
        times, delay = attempts(plan.nodes, self._defaults)
        timeout = self._timeout(plan.nodes) or self._timeout(plan.module.nodes) or self._defaults.timeout
        return Case(
            id=plan.id,
            module=plan.module.id,
            name=bindings.name(),
            place=plan.place,
            steps=(*bindings.steps(), *steps),
            description=bindings.text("description"),
            group=plan.group,
            depends=plan.depends,
            or_left_out=plan.or_left_out,
            critical=value(plan.nodes, "critical") is True,
            when=when,
            when_place=None if when is None else _place(plan.nodes, "if"),
            tags=tuple(dict.fromkeys([*_tags(plan.module.nodes), *_tags(plan.nodes)])),
            attempts=times,
            attempt_delay=delay,
            timeout=timeout,
            timeout_counts_waiting=self._counts_waiting(plan, timeout),
            on_fail=_on_fail(both) or self._defaults.on_fail,
            drivers=tuple(sorted(reader.drivers)),
            judges=any(step.judges for step in steps),
            limited=any(step.limited for step in steps),
        )

    def _timeout(self, nodes: Nodes) -> float | None:
        node = find(nodes, "timeout")
        return None if node is None else self._context.timeout(node)

    def _counts_waiting(self, plan: CasePlan, timeout: float | None) -> bool:
        node = find(plan.nodes, "timeout_counts_waiting")
        if node is None or node["timeout_counts_waiting"] is not True:
            return False
        if timeout is None and find((*plan.nodes, *plan.module.nodes), "timeout") is None:
            message = "`timeout_counts_waiting` goes with a `timeout`, which this case does not have"
            self._context.problems.report("useless-key", message, node.key_place("timeout_counts_waiting"))
        return True

    def _condition(self, nodes: Nodes, what: str) -> str | None:
        node = find(nodes, "if")
        return None if node is None else self._context.condition(node, what)


def _text(nodes: Nodes, key: str) -> str | None:
    written = value(nodes, key)
    return written if isinstance(written, str) else None


def _place(nodes: Nodes, key: str) -> Place | None:
    node = find(nodes, key)
    return None if node is None else node.value_place(key)


def _tags(nodes: Nodes) -> list[str]:
    written = value(nodes, "tags")
    if isinstance(written, SequenceNode):
        return [each for each in written if isinstance(each, str)]
    return [written] if isinstance(written, str) else []
