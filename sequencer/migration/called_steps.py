"""The calls of HardPy, of pytest and of Python itself that are statements of a test, as steps."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sequencer.migration.assertions import MADE_FROM, Assertions, asserted, error_code, measurement_name
from sequencer.migration.case_writer import CaseWriter, reads
from sequencer.migration.computations import Computations
from sequencer.migration.dialogs import KEY
from sequencer.migration.findings import CHANGED, LEFT_OUT
from sequencer.migration.hardpy_calls import ORDER, Fields, arguments, is_none
from sequencer.migration.python_source import NotExpressible
from sequencer.migration.scope import Built, Logger, PassFail, identifier

_LEVELS: Mapping[str, str] = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "critical": "error",
    "exception": "error",
}


class CalledSteps:
    """Writes such calls of one function."""

    def __init__(self, writer: CaseWriter, assertions: Assertions, computations: Computations) -> None:
        self.writer = writer
        self.assertions = assertions
        self.computations = computations

    def write(self, node: ast.expr, following: Sequence[ast.stmt]) -> None:
        """A statement that is a call. Raises ``NotExpressible``."""
        if isinstance(node, ast.Constant):
            return
        if not isinstance(node, ast.Call):
            raise NotExpressible(node, "it does nothing that a step could do")
        dotted = self.writer.file.dotted(node.func) or ""
        if dotted in RECORDING or dotted in _HANDLERS:
            _HANDLERS.get(dotted, CalledSteps._record)(self, node, following)
        elif isinstance(node.func, ast.Name) and node.func.id == "print" and not dotted:
            self._print(node)
        elif self._added_to_chart(node) or self._logged(node, dotted):
            return
        else:
            call = self.writer.driver_call(node)
            if call is None:
                raise NotExpressible(node, "steps have no such call")
            self.writer.emit(call)

    def _record(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        dotted = self.writer.file.dotted(node.func) or ""
        step = self.writer.facts.step(self.computations.plain(node), dotted)
        if step is None:
            raise NotExpressible(node, f"hardseq has no `{dotted.rpartition('.')[2]}`")
        if dotted == "hardpy.set_driver_info":
            message = "facts of drivers are in the report's artifact, under `drivers`"
            self.writer.project.findings.tell(CHANGED, self.writer.file, node, message)
        self.writer.emit(step)

    def _message(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        given = arguments(self.computations.plain(node), ORDER["hardpy.set_message"])
        if "msg" not in given:
            raise NotExpressible(node, "HardPy wants a text here")
        value = self.writer.expressions.value(given["msg"])
        step: Fields = {"message": value if isinstance(value, str | int | float) else str(value)}
        if "msg_key" in given and not is_none(given["msg_key"]):
            step["key"] = str(self.writer.facts.constant(given["msg_key"], str))
        self.writer.emit(step)

    def _measure(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        """``set_case_measurement``: with limits where its result is asserted, else with limits that only warn."""
        writer = self.writer
        argument = node.args[0] if node.args else node.keywords[0].value if node.keywords else node
        if isinstance(argument, ast.Call):
            argument = self.computations.measurement(argument)
        built = writer.facts.built(argument)
        name = argument.id if isinstance(argument, ast.Name) else None
        given = arguments(built.call, ())
        if "value" not in given or not built.kind.endswith("Measurement"):
            raise NotExpressible(node, "HardPy wants a measurement here")
        step: Fields = {MADE_FROM: id(built.call)}
        named = writer.expressions.value(given["name"]) if "name" in given and not is_none(given["name"]) else None
        step["measure"] = named or measurement_name(name)
        if named is None:
            message = f"a measurement has a name: this one is called `{step['measure']}`"
            writer.project.findings.tell(CHANGED, writer.file, built.call, message)
        call = writer.driver_call(given["value"])
        step |= call if call is not None else {"value": self.computations.value(given["value"])}
        if "unit" in given and not is_none(given["unit"]):
            step["unit"] = writer.expressions.value(given["unit"])
        judged = None if name is None else asserted(name, following)
        self._limit(step, built, judged)
        if name is not None and self._needs_value(name, following):
            step["save"] = writer.names.free(identifier(str(named or name), "value"))
            writer.names.bindings[name] = replace(built, value=str(step["save"]))
        writer.emit(step)

    def _limit(self, step: Fields, built: Built, judged: ast.Assert | None) -> None:
        limits = self.writer.measurements.limits(built)
        if limits is not None:
            step["warn_limits" if judged is None else "limits"] = limits
        if judged is not None and limits is not None:
            step |= error_code(self.writer, judged.msg)
        for name in self.writer.measurements.unsaid(built):
            message = f"HardPy compares nothing with this `{name}`, as there is no operation: it was left out"
            self.writer.project.findings.tell(CHANGED, self.writer.file, built.call, message)

    def _needs_value(self, name: str, following: Sequence[ast.stmt]) -> bool:
        """Whether anything but a plain assertion at the end asks for the measurement."""
        asked = reads(following, name)
        for position, statement in enumerate(following):
            if isinstance(statement, ast.Assert) and asserted(name, [statement]) is not None:
                after = any(map(self.assertions.does_something, following[position + 1 :]))
                return asked > 1 or (after and position > 0)
        return asked > 0

    def _chart(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        if not node.args and not node.keywords:
            raise NotExpressible(node, "HardPy wants a chart here")
        built = self.writer.facts.built(node.args[0] if node.args else node.keywords[0].value)
        if built.kind != "hardpy.Chart":
            raise NotExpressible(node, "HardPy wants a chart here")
        self.writer.emit(self.writer.measurements.chart(built))

    def _added_to_chart(self, node: ast.Call) -> bool:
        called = node.func
        if (
            not isinstance(called, ast.Attribute)
            or called.attr != "add_series"
            or not isinstance(called.value, ast.Name)
        ):
            return False
        bound = self.writer.names.binding(called.value.id)
        if not isinstance(bound, Built) or bound.kind != "hardpy.Chart":
            return False
        self.writer.names.bindings[called.value.id] = replace(
            bound, additions=(*bound.additions, self.computations.plain(node))
        )
        return True

    def _ask(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        step, answer = self.writer.dialog(node, "answer")
        if isinstance(answer, PassFail):
            message = "Fail of this dialog fails the case here; HardPy goes on with the answer"
            self.writer.project.findings.tell(CHANGED, self.writer.file, node, message)
        self.writer.emit({key: value for key, value in step.items() if key != "save"})

    def _operator(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        self.writer.emit(self.writer.dialogs.operator_message(self.computations.plain(node)))

    def _clear(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        self.writer.emit({"operator_message": {"key": KEY, "clear": True}})

    def _sleep(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        if len(node.args) != 1 or node.keywords:
            raise NotExpressible(node, "`sleep` wants a time")
        value = self.computations.value(node.args[0])
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6:
            milliseconds = value * 1000
            whole = round(milliseconds) if milliseconds < 1000 and milliseconds == round(milliseconds) else None
            self.writer.emit({"wait": f"{whole} ms" if whole is not None else f"{value:.10g} s"})
        elif isinstance(value, str):
            self.writer.emit({"wait": value})
        else:
            raise NotExpressible(node, "`sleep` wants a time")

    def _print(self, node: ast.Call) -> None:
        if node.keywords or len(node.args) != 1:
            raise NotExpressible(node, "a step prints one text")
        value = self.computations.value(node.args[0])
        self.writer.emit({"log": value if isinstance(value, str) else str(value)})

    def _logged(self, node: ast.Call, dotted: str) -> bool:
        called = node.func
        if not isinstance(called, ast.Attribute) or called.attr not in _LEVELS:
            return False
        owner = self.writer.names.binding(called.value.id) if isinstance(called.value, ast.Name) else None
        made = isinstance(called.value, ast.Call) and self.writer.file.dotted(called.value.func) == "logging.getLogger"
        if not isinstance(owner, Logger) and not made and not dotted.startswith("logging."):
            return False
        if node.keywords or len(node.args) != 1:
            raise NotExpressible(node, "a step logs one text")
        value = self.computations.value(node.args[0])
        step: Fields = {"log": value if isinstance(value, str) else str(value)}
        self.writer.emit(step if _LEVELS[called.attr] == "info" else {**step, "level": _LEVELS[called.attr]})
        return True

    def _end(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        """``pytest.skip`` and ``pytest.fail``."""
        verb = "skip" if self.writer.file.dotted(node.func) == "pytest.skip" else "fail"
        given = arguments(node, ("reason",))
        value = self.writer.expressions.value(given["reason"]) if "reason" in given else f"{verb} of the test"
        self.writer.emit({verb: value if isinstance(value, str) else str(value)})

    def _nothing(self, node: ast.Call, following: Sequence[ast.stmt]) -> None:
        message = "hardseq keeps every report by itself"
        self.writer.project.findings.tell(LEFT_OUT, self.writer.file, node, message)


RECORDING = frozenset(
    f"hardpy.{name}"
    for name in [
        "set_user_name",
        "set_batch_serial_number",
        "set_dut_sub_unit",
        "set_dut_info",
        "set_dut_serial_number",
        "set_dut_part_number",
        "set_dut_name",
        "set_dut_type",
        "set_dut_revision",
        "set_stand_name",
        "set_stand_info",
        "set_stand_location",
        "set_stand_number",
        "set_stand_revision",
        "set_case_artifact",
        "set_module_artifact",
        "set_run_artifact",
        "set_driver_info",
        "set_instrument",
        "set_process_name",
        "set_process_number",
        "set_process_info",
        "set_case_measurement",
    ]
)
_HANDLERS: Mapping[str, Callable[[CalledSteps, ast.Call, Sequence[ast.stmt]], None]] = {
    "hardpy.set_message": CalledSteps._message,
    "hardpy.set_case_measurement": CalledSteps._measure,
    "hardpy.set_case_chart": CalledSteps._chart,
    "hardpy.run_dialog_box": CalledSteps._ask,
    "hardpy.set_operator_message": CalledSteps._operator,
    "hardpy.clear_operator_message": CalledSteps._clear,
    "time.sleep": CalledSteps._sleep,
    "pytest.skip": CalledSteps._end,
    "pytest.fail": CalledSteps._end,
    "logging.basicConfig": CalledSteps._nothing,
}
