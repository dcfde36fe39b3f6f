"""The statements of a test function, one after the other, as steps."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence

from sequencer.migration.assertions import (
    Assertions,
    asserted,
    error_code,
    spoken,
)
from sequencer.migration.blocks import Blocks
from sequencer.migration.called_steps import RECORDING, CalledSteps
from sequencer.migration.case_writer import CaseWriter, Snapshot, assigned_once, reads, set_counts
from sequencer.migration.computations import Computations
from sequencer.migration.findings import CHANGED, NOT_IMPORTED
from sequencer.migration.hardpy_calls import BUILT, Fields, arguments, is_none
from sequencer.migration.python_functions import bound_names, changed_names, returns
from sequencer.migration.python_source import NotExpressible, names_in
from sequencer.migration.scope import Built, FixtureObject, Inline, PassFail, Text, Variable
from sequencer.migration.yaml_text import COMMENT

_ENDS = (ast.FunctionDef, ast.ClassDef, ast.With, ast.Import, ast.ImportFrom)
"""What a function of a driver can only hold together with all that follows."""


class Statements:
    """Turns the body of ``writer.function`` into ``writer.steps``."""

    def __init__(self, writer: CaseWriter) -> None:
        self.writer = writer
        self.assertions = Assertions(writer)
        self.blocks = Blocks(writer)
        self.computations = Computations(writer, self.blocks)
        self.called = CalledSteps(writer, self.assertions, self.computations)
        self._once = assigned_once(writer.function)
        self._in_loop = 0

    def write(self, body: Sequence[ast.stmt], *, more: bool = False) -> None:
        """Writes the steps of ``body``; ``more``: something is done after it."""
        start = 0
        before: list[tuple[Snapshot, list[Fields]]] = []
        block: tuple[int, str] | None = None
        while start < len(body):
            statement = body[start]
            snapshot = self.writer.snapshot()
            before.append((snapshot, copy.deepcopy(self.writer.steps)))
            try:
                if _is_computation(statement):
                    raise NotExpressible(statement, _COMPUTATION)
                self.statement(statement, body[start + 1 :], more)
                block = None
                start += 1
            except NotExpressible as why:
                self._back(before[start])
                first = self._first_of_block(body, start) if block is None else block[0]
                end, name = self._keep_in_python(body, (first, start), before, why, block, more=more)
                block = None if name is None else (first, name)
                before += [before[start]] * (end - start - 1)
                start = end

    def _back(self, state: tuple[Snapshot, list[Fields]]) -> None:
        self.writer.restore(state[0], copy.deepcopy(state[1]))

    def _first_of_block(self, body: Sequence[ast.stmt], start: int) -> int:
        """Where a function begins: with what is set just for it."""
        first = start
        while first > 0:
            previous = body[first - 1]
            simple = isinstance(previous, ast.Assign | ast.AnnAssign) and isinstance(
                previous.value, ast.Constant | ast.List | ast.Dict | ast.Tuple | ast.Set
            )
            set_there = bound_names([previous])
            block = body[first : start + 1]
            used = bound_names(block).union(*(names_in(each, ast.Load) for each in block))
            if not simple or not set_there or not set_there <= used or any(map(self._is_built, ast.walk(previous))):
                break
            first -= 1
        return first

    def _is_built(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call)

    def _keep_in_python(
        self,
        body: Sequence[ast.stmt],
        begins: tuple[int, int],
        before: list[tuple[Snapshot, list[Fields]]],
        why: NotExpressible,
        block: tuple[int, str] | None,
        *,
        more: bool,
    ) -> tuple[int, str | None]:
        """Makes a function of the statements, together with those of ``block`` right before, if it can be.

        Gives where the next statement is, and the function's name; ``None`` for what cannot be one, which is told.
        """
        start = begins[1]
        has_return = any(returns([body[start]]))
        whole = has_return or isinstance(body[start], _ENDS)
        end = len(body) if whole and not self._in_loop else start + 1
        reason = why
        functions = self.writer.project.functions(self.writer.file)
        for begin in dict.fromkeys(begins):
            self._back(before[begin])
            taken_up = block[1] if block is not None and begin == block[0] < start else None
            old = functions.take_back(taken_up)
            try:
                statements = body[begin:end]
                tail = end == len(body) and not more
                name = self.blocks.write(statements, self._read_elsewhere(statements), tail=tail)
                return end, name
            except NotExpressible as also:
                functions.put_back(taken_up, old)
                reason = also if why.why == _COMPUTATION else _both(body[start], why, also)
        self._back(before[start])
        self._give_up(body[start], reason)
        return start + 1, None

    def _read_elsewhere(self, statements: Sequence[ast.stmt]) -> set[str]:
        inside = {id(node) for statement in statements for node in ast.walk(statement)}
        last = statements[-1].end_lineno or 0
        return {
            node.id
            for node in ast.walk(self.writer.function)
            if isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Load)
            and id(node) not in inside
            and (node.lineno > last or (node.lineno == last) or self._in_loop)
        }

    def _give_up(self, statement: ast.stmt, why: NotExpressible) -> None:
        """A case with something missing must not pass: it ends with an error there."""
        node = why.node if hasattr(why.node, "lineno") else statement
        self.writer.project.findings.tell(NOT_IMPORTED, self.writer.file, node, f"this cannot be a step: {why.why}")
        place = self.writer.file.place(statement)
        # A file's name is anybody's text.
        self.writer.emit({COMMENT: f"{place}: {why.why}", "error": f"line {place.line} of the test was not imported"})
        missing = [
            name
            for name in bound_names([statement])
            if name not in {*self.writer.names.bindings, *self.writer.file.imports}
        ]
        if missing:
            # What follows can be read, and checked, as if it were there.
            self.writer.emit({"set": {self.writer.names.variable(name): None for name in sorted(missing)}})

    def statement(self, statement: ast.stmt, following: Sequence[ast.stmt], more: bool) -> None:
        """Writes one statement. Raises ``NotExpressible``."""
        if isinstance(statement, ast.If | ast.For) and any(returns([statement])):
            raise NotExpressible(statement, "a step does not end its case in the middle")
        if isinstance(statement, ast.Assert):
            self.assertions.write(statement, following, more)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            self._assign(statement, following)
        elif isinstance(statement, ast.AugAssign):
            self._change(statement)
        elif isinstance(statement, ast.Expr):
            self.called.write(statement.value, following)
        elif isinstance(statement, ast.If):
            self._if(statement, bool(following) or more)
        elif isinstance(statement, ast.For):
            self._for(statement)
        elif isinstance(statement, ast.Raise):
            self._raise(statement)
        elif not isinstance(statement, ast.Pass | ast.Import | ast.ImportFrom):
            self._last(statement, following, more)

    def _last(self, statement: ast.stmt, following: Sequence[ast.stmt], more: bool) -> None:
        plain = isinstance(statement, ast.Return) and (statement.value is None or is_none(statement.value))
        if not plain or following or more or self._in_loop:
            raise NotExpressible(statement, "steps have no such statement")

    def _assign(self, statement: ast.Assign | ast.AnnAssign, following: Sequence[ast.stmt]) -> None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        value = statement.value
        if value is None:
            return
        if len(targets) != 1:
            raise NotExpressible(statement, "it sets several names at once")
        if isinstance(targets[0], ast.Name):
            self._set(targets[0].id, value, following)
        elif isinstance(targets[0], ast.Attribute):
            found = self.writer.calls.target(targets[0])
            if found is None:
                raise NotExpressible(statement, "steps set properties of drivers alone")
            self.writer.emit({"assign": found[0], "value": self.computations.value(value)})
        else:
            raise NotExpressible(statement, "steps set whole variables")

    def _set(self, name: str, value: ast.expr, following: Sequence[ast.stmt]) -> None:
        """``name = value``: an object of HardPy, an answer, what a driver gives, or a variable."""
        if isinstance(value, ast.Call) and self._set_by_call(name, value, following):
            return
        writer = self.writer
        is_list = isinstance(value, ast.List) and any(self._is_hardpy_object(each) for each in value.elts)
        if is_list or (name in self._once and self._written_out(name, value)):
            writer.names.bindings[name] = Inline(value)
            return
        if not isinstance(writer.names.bindings.get(name), Variable):
            before = writer.names.bindings.pop(name, None)
            if before is not None and name in names_in(value, ast.Load):
                writer.names.bindings[name] = before
        call = writer.driver_call(value)
        if call is not None:
            writer.emit({**call, "save": writer.names.variable(name)})
            return
        test = writer.hoisted(value)
        boolean = writer.expressions.is_boolean(test)
        if set_counts(writer.function).get(name) == 1 and (known := self._known(test)) is not None:
            writer.names.bindings[name] = Text(known)
            return
        written = writer.expressions.value(test)
        writer.emit({"set": {writer.names.variable(name, boolean=boolean): written}})

    def _is_hardpy_object(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and self.writer.file.dotted(node.func) in BUILT

    def _set_by_call(self, name: str, value: ast.Call, following: Sequence[ast.stmt]) -> bool:
        """Whether the call is one of HardPy, or makes an object of a class of the project."""
        dotted = self.writer.file.dotted(value.func)
        if dotted in BUILT:
            self.writer.names.bindings[name] = self._built(str(dotted), value)
        elif dotted == "hardpy.run_dialog_box":
            self._dialog(name, value, following)
        elif dotted in RECORDING:
            if reads(following, name):
                raise NotExpressible(value, "its number is used later")
            self.called.write(value, following)
        else:
            return self._object_of_class(name, value)
        return True

    def _known(self, node: ast.expr) -> str | None:
        """What is there under a name of its own: the number of the attempt, a parameter of the run."""
        try:
            written = self.writer.expressions.text(node)
        except NotExpressible:
            return None
        return (
            written
            if written == "attempt" or (written.removeprefix("params.").isidentifier() and "." in written)
            else None
        )

    def _object_of_class(self, name: str, value: ast.Call) -> bool:
        """``meter = Meter()`` in a test: a driver that lives as long as the case."""
        writer = self.writer
        dotted = writer.project.code.dotted(writer.file, value.func)
        found = writer.project.code.class_(dotted)
        if found is None or not reads(writer.function, name):
            return False
        given = arguments(value, ())
        with_ = {key: writer.expressions.value(node) for key, node in given.items()}
        file, definition = found
        if file.name == writer.file.name:
            functions = writer.project.functions(file)
            use = f"{functions.module}.{functions.whole(definition.name)}"
        else:
            use = str(dotted)
        more: Fields = {"scope": "case", **({"with": with_} if with_ else {})}
        driver = writer.project.drivers.declare(name, use, **more)
        writer.names.bindings[name] = FixtureObject(driver, "", dotted)
        return True

    def _written_out(self, name: str, value: ast.expr) -> bool:
        """Whether it is better read where it is used: a list, a mapping, a long text, or what is used once."""
        text = value.value if isinstance(value, ast.Constant) else None
        return (
            not isinstance(value, ast.Constant | ast.UnaryOp)
            or (isinstance(text, str) and ("\n" in text or len(text) > 60))
            or reads(self.writer.function, name) <= 1
        )

    def _built(self, kind: str, call: ast.Call) -> Built:
        """An object of HardPy. The value of a measurement is read where Python reads it."""
        if kind in ("hardpy.Chart", "hardpy.Instrument", "hardpy.SubUnit"):
            return Built(kind, self.computations.plain(call))
        if kind.endswith("Measurement"):
            return Built(kind, self.computations.measurement(call))
        return Built(kind, call)

    def _dialog(self, name: str, call: ast.Call, following: Sequence[ast.stmt]) -> None:
        step, answer = self.writer.dialog(call, name)
        if isinstance(answer, PassFail):
            judged = asserted(name, following) or _plainly_asserted(name, following)
            if judged is None:
                message = "Fail of this dialog fails the case here; HardPy goes on with the answer"
                self.writer.project.findings.tell(CHANGED, self.writer.file, call, message)
            else:
                step |= error_code(self.writer, judged.msg)
                self._say(step, judged)
        self.writer.emit(step)
        self.writer.names.bindings[name] = answer

    def _say(self, step: Fields, judged: ast.Assert) -> None:
        try:
            message = spoken(self.writer, judged.msg)
        except NotExpressible:
            return  # it speaks of the answer, which there is none of when the operator says Fail
        if message is not None:
            step["message"] = message

    def _change(self, statement: ast.AugAssign) -> None:
        if not isinstance(statement.target, ast.Name):
            raise NotExpressible(statement, "steps set whole variables")
        name = statement.target.id
        old = ast.copy_location(ast.Name(name, ast.Load()), statement)
        value = ast.copy_location(ast.BinOp(old, statement.op, statement.value), statement)
        self._set(name, value, ())

    def _raise(self, statement: ast.Raise) -> None:
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        if raised is None or self._in_try(statement):
            raise NotExpressible(statement, "it raises what was caught")
        given = statement.exc.args if isinstance(statement.exc, ast.Call) else []
        value = self.writer.expressions.value(given[0]) if len(given) == 1 else ast.unparse(raised)
        self.writer.emit({"fail": value if isinstance(value, str) else str(value)})

    def _in_try(self, statement: ast.Raise) -> bool:
        return statement.cause is not None and not is_none(statement.cause)

    def _if(self, statement: ast.If, more: bool) -> None:
        test = self.writer.hoisted(statement.test)
        condition = self.writer.expressions.condition(test)
        opposite = self.writer.expressions.negation(test)
        changed = bound_names(statement.body) & names_in(test, ast.Load)
        if statement.orelse and changed:
            name = self.writer.names.free("condition")
            self.writer.emit({"set": {name: f"${{{{ {condition} }}}}"}})
            condition, opposite = name, f"not {name}"
        self._branch(statement.body, condition, more)
        if statement.orelse:
            self._branch(statement.orelse, opposite, more)

    def _branch(self, body: Sequence[ast.stmt], condition: str, more: bool) -> None:
        steps = self._inside(body, more)
        if len(steps) == 1 and "if" not in steps[0] and set(steps[0]) - {COMMENT}:
            comment = {COMMENT: steps[0][COMMENT]} if COMMENT in steps[0] else {}
            rest = {key: value for key, value in steps[0].items() if key != COMMENT}
            self.writer.emit({**comment, **rest, "if": condition})
        elif steps:
            self.writer.emit({"if": condition, "steps": steps})

    def _inside(self, body: Sequence[ast.stmt], more: bool) -> list[Fields]:
        """The steps of an inner body. What it builds of HardPy's objects is not known behind it."""
        outer, before = self.writer.steps, dict(self.writer.names.bindings)
        self.writer.steps = []
        try:
            self.write(body, more=more)
            found = self.writer.steps
        finally:
            self.writer.steps = outer
        for name, bound in list(self.writer.names.bindings.items()):
            if bound is not before.get(name) and not isinstance(bound, Variable):
                del self.writer.names.bindings[name]
        return found

    def _for(self, statement: ast.For) -> None:
        if not isinstance(statement.target, ast.Name) or statement.orelse:
            raise NotExpressible(statement, "a step goes through one list")
        for node in ast.walk(statement):
            if isinstance(node, ast.Break | ast.Continue | ast.Return):
                raise NotExpressible(node, "a step goes through the whole list")
        values = self.writer.expressions.value(self.writer.hoisted(statement.iter))
        self.writer.names.bindings.pop(statement.target.id, None)
        name = self.writer.names.variable(statement.target.id)
        self._in_loop += 1
        try:
            steps = self._inside(statement.body, True)
        finally:
            self._in_loop -= 1
        self.writer.emit({"for_each": {name: values}, "steps": steps or [{"log": "nothing", "level": "debug"}]})


_COMPUTATION = "it is a computation"


def _both(statement: ast.stmt, step: NotExpressible, function: NotExpressible) -> NotExpressible:
    """Why something is neither a step nor a function, where the nearer of the two reasons is."""
    node = function.node if step.node is statement else step.node
    return NotExpressible(node, f"{step.why}; nor can it be a function of a driver: {function.why}")


def without_early_returns(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The body of a test where what follows an ``if`` that ends with ``return`` stands in its ``else``."""
    found: list[ast.stmt] = []
    for position, statement in enumerate(body):
        last = statement.body[-1] if isinstance(statement, ast.If) and not statement.orelse else None
        if (
            isinstance(statement, ast.If)
            and isinstance(last, ast.Return)
            and (last.value is None or is_none(last.value))
        ):
            inner = statement.body[:-1] or [ast.copy_location(ast.Pass(), last)]
            rest = without_early_returns(body[position + 1 :])
            found.append(ast.copy_location(ast.If(statement.test, inner, rest), statement))
            return found
        found.append(statement)
    return found


def _plainly_asserted(name: str, following: Sequence[ast.stmt]) -> ast.Assert | None:
    for statement in following:
        if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Name) and statement.test.id == name:
            return statement
    return None


def _is_computation(statement: ast.stmt) -> bool:
    """A loop that only computes is better read, and faster, as a function."""
    if not isinstance(statement, ast.For | ast.While):
        return False
    collects = bool(changed_names(statement) & names_in(statement, ast.Load)) and any(
        isinstance(each, ast.Attribute) and each.attr in ("append", "extend", "add") for each in ast.walk(statement)
    )
    nodes = list(ast.walk(statement))
    if any(isinstance(each, ast.Assert) for each in nodes):
        return False
    return not any(isinstance(each, ast.Call) and _acts(each, alone=not collects) for each in nodes)


def _acts(call: ast.Call, *, alone: bool) -> bool:
    """Whether a call is one of HardPy, by its name; ``alone``: waiting and printing count, too."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    waits = name in ("sleep", "print", "info", "debug", "warning", "error")
    return name.startswith(("set_", "run_", "clear_")) or (waits and alone)
