"""``variants``: what differs by product, read as the variables that a run of each of them has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sequencer.expressions.expression import OPENING
from sequencer.language.context import ReadContext
from sequencer.language.name_uses import template_uses
from sequencer.language.scope import ALWAYS, VARIANT
from sequencer.language.shapes.wording import did_you_mean, known_here, show
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.model import Param, Variants
from sequencer.vocabulary.text_values import stripped
from sequencer.vocabulary.tree import MappingNode

BY = "by"
"""The key that says which variant a run is of; every other key is a variant."""


def variant_section(root: MappingNode, context: ReadContext) -> VariantSection | None:
    """The section of the sequence ``root``, its names in scope; ``None`` where there is none."""
    node, constants = root.get("variants"), root.get("vars")
    if not isinstance(node, MappingNode):
        return None
    return VariantSection(node, constants if isinstance(constants, MappingNode) else {}, context)


class VariantSection:
    """Reads the section; ``names`` are those that it puts in scope, each with the mapping that has it first."""

    def __init__(self, node: MappingNode, constants: Mapping[str, object], context: ReadContext) -> None:
        self._node = node
        self._constants = constants
        self._context = context
        self.names = self._defined()

    def read(self) -> Variants | None:
        """The variants; ``None`` when nothing can be chosen by, which was reported."""
        template = self._context.expressions.template
        values: dict[str, Mapping[str, Data]] = {
            name: template(node, node.file, node.span) if node else {} for name, node in self._variants().items()
        }
        self._report_missing()
        by = self._node.get(BY)
        if not isinstance(by, str) or (param := self._param(by)) is None:
            return None
        return Variants(by=by, param=param, values=values)

    @staticmethod
    def with_choice(params: Iterable[Param], variants: Variants | None) -> tuple[Param, ...]:
        """The ``params``, the one that decides the variant with what there is to choose from."""
        return tuple(
            replace(param, variant_by=variants.by, variants=tuple(variants.values))
            if variants is not None and param.name == variants.param
            else param
            for param in params
        )

    def report_unused(self) -> None:
        """Warns of values that nothing uses."""
        for name, owner in self.names.items():
            if name != VARIANT and name not in self._context.names.used and name not in self._constants:
                place = owner.key_place(name)
                self._context.problems.report("unused-variable", f"nothing uses `{name}`", place, severity="warning")

    def _variants(self) -> dict[str, MappingNode | None]:
        return {
            name: node if isinstance(node, MappingNode) else None for name, node in self._node.items() if name != BY
        }

    def _defined(self) -> dict[str, MappingNode]:
        report = self._context.problems.report
        names = {VARIANT: self._node}
        self._context.names.define(VARIANT, self._node.place, "run")
        for variant, node in self._variants().items():
            if not variant or variant != stripped(variant):
                message = f"{show(variant)} cannot be a variant: its name must have letters, and no blanks around it"
                report("bad-name", message, self._node.key_place(variant))
            for name in node or ():
                assert node is not None
                if name == VARIANT:
                    report("reserved-name", f"`{VARIANT}` is the name of the variant itself", node.key_place(name))
                elif name not in names:
                    names[name] = node
                    self._context.names.define(name, node.key_place(name), "run")
                elif (symbol := self._context.names.declared(name)) is not None:
                    self._context.mentions.add("variable", name, node.key_place(name), symbol, "")
        if isinstance(self._constants, MappingNode) and VARIANT in self._constants:
            message = f"`{VARIANT}` is the name of the variant itself"
            report("reserved-name", message, self._constants.key_place(VARIANT))
        return names

    def _param(self, by: str) -> str | None:
        """The parameter that the choice is laid at; what else is in ``by`` is reported."""
        report, names, place = self._context.problems.report, self._context.names, self._node.value_place(BY)
        self._context.expressions.text(by, place)
        uses = list(template_uses(by))
        for use in uses:
            if use.name != "params" and (use.name in ALWAYS or names.stands_for(use)):
                message = f"`{BY}` is decided at Start, from parameters alone: it cannot use `{use.name}`"
                at = self._context.sources.inside(place, by, use.offset, len(use.name))
                report("not-known-yet", message, at, hint=known_here(f"params.{name}" for name in sorted(names.params)))
        if not uses and OPENING in by:
            report("not-known-yet", f"`{BY}` uses no parameter: every run would be of the same variant", place)
        return next((use.attribute for use in uses if use.name == "params" and use.attribute in names.params), None)

    def _report_missing(self) -> None:
        """Each variant has every name, unless `vars` has it for all."""
        for variant, node in self._variants().items():
            given: Mapping[str, object] = node or {}
            for name in self.names:
                if name in given or name in self._constants or name == VARIANT:
                    continue
                message = f"the variant `{variant}` has no `{name}`"
                others = [each for each in given if self.names[each] is node]
                hint = did_you_mean(name, others) or "give it, or under `vars` a value for all that do not say it"
                self._context.problems.report("missing-key", message, self._node.key_place(variant), hint=hint)
