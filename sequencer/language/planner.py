"""Plans the modules and cases: blocks put in their places, matrices spread into their rows, headers checked."""

from __future__ import annotations

from sequencer.language.blocks import BlockDefinition, Library, check_parameters, mention_block
from sequencer.language.context import ReadContext
from sequencer.language.plan import Binding, CasePlan, ModulePlan, group_of, named_mappings
from sequencer.language.shapes.shape import Shape
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.tree import MappingNode, SequenceNode

MAX_NESTED_USES = 20


class Planner:
    """Reads the ``modules`` of a sequence, as far as their headers go."""

    def __init__(self, context: ReadContext, library: Library) -> None:
        self._context = context
        self._library = library

    def plan(self, root: MappingNode) -> list[ModulePlan]:
        """The modules in the file's order."""
        modules = []
        for name, node in named_mappings(root, "modules", "a module", self._context):
            self._check(self._context.shapes.module, node)
            modules.append(self._module(name, node, root["modules"].key_place(name)))
        return modules

    def _check(self, shape: Shape, node: MappingNode) -> None:
        shape.check(node, self._context.sources, self._context.problems.report)

    def _module(self, name: str, node: MappingNode, place: Place) -> ModulePlan:
        nodes, library, bindings = self._uses(node, "modules", "cases", self._library)
        module = ModulePlan(name, nodes, place, group_of(nodes), library, bindings=bindings)
        owner = next((each for each in nodes if "cases" in each), None)
        if owner is None:
            if "use" not in node:
                self._context.problems.report("missing-key", f"the module `{name}` needs `cases`", place)
            return module
        for case_name, case in named_mappings(owner, "cases", "a case", self._context):
            self._check(self._context.shapes.case, case)
            module.cases += self._cases(module, case_name, case, owner["cases"].key_place(case_name))
        return module

    def _cases(self, module: ModulePlan, name: str, node: MappingNode, place: Place) -> list[CasePlan]:
        nodes, library, bindings = self._uses(node, "cases", "steps", module.library)
        if not any("steps" in each for each in nodes) and "use" not in node:
            self._context.problems.report("missing-key", f"the case `{name}` needs `steps`", place)
        group = group_of(nodes)
        bindings = [*module.bindings, *bindings]
        owner = next((each for each in nodes if "for_each" in each), None)
        if owner is None or not self._context.shapes.case.checks["for_each"].is_good(owner["for_each"]):
            bindings += [] if owner is None else _columns(owner["for_each"])
            return [CasePlan(name, name, module, nodes, place, group, library, bindings)]
        cases = []
        for row in self._context.matrix.rows(owner):
            columns = [
                Binding(column, row.values, column, row.values.key_place(column), column=True) for column in row.values
            ]
            plan = CasePlan(f"{name}[{row.label}]", name, module, nodes, place, group, library, [*columns, *bindings])
            cases.append(plan)
        return cases

    def _uses(
        self, node: MappingNode, kind: str, content: str, library: Library
    ) -> tuple[tuple[MappingNode, ...], Library, list[Binding]]:
        """The mappings that say something about a case or module, the using ones first; the library of the last; the
        parameters of the blocks."""
        nodes = [node]
        bindings: list[Binding] = []
        while isinstance(node.get("use"), str):
            place = node.value_place("use")
            if content in node:
                message = f"`use` brings its own `{content}`"
                self._context.problems.report("use-and-own", message, node.key_place(content))
            block = library.find(node["use"], "cases" if kind == "cases" else "modules", place, self._context.problems)
            if block is None:
                break
            if any(block.node is each for each in nodes) or len(nodes) > MAX_NESTED_USES:
                self._context.problems.report("use-circle", "blocks use each other in a cycle", place)
                break
            check_parameters(block, node, place, self._context.problems)
            mention_block(block, node, place, self._context.sources, self._context.mentions)
            bindings = [*_parameters(block, node), *bindings] if bindings else _parameters(block, node)
            nodes.append(block.node)
            node, library = block.node, block.library
        if "with" in nodes[0] and "use" not in nodes[0]:
            message = "`with` is for the parameters of a `use`, but there is no `use`"
            self._context.problems.report("with-without-use", message, nodes[0].key_place("with"))
        return tuple(nodes), library, bindings


def _columns(written: object) -> list[Binding]:
    """The variables of a matrix that is wrong somewhere, so that its steps can be checked nevertheless."""
    if isinstance(written, SequenceNode):
        written = next((row for row in written if isinstance(row, MappingNode)), None)
    if not isinstance(written, MappingNode):
        return []
    return [Binding(name, written, name, written.key_place(name)) for name in written]


def _parameters(block: BlockDefinition, node: MappingNode) -> list[Binding]:
    given = node.get("with")
    bindings = []
    for name, default in block.params.items():
        if isinstance(given, MappingNode) and name in given:
            bindings.append(Binding(name, given, name, given.key_place(name)))
        elif default is not None:
            bindings.append(Binding(name, default, "default", block.node["params"].key_place(name)))
    return bindings
