"""``exec``: an external program, such as a flasher or a vendor's tool."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import IO, Unpack

from sequencer.expressions.expression import has_expression
from sequencer.report.event import ProgramFinished, ProgramPrinting, ProgressChanged
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.exec_files import check_file
from sequencer.steps.keys import SAVE, TEMPLATE, Schema
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError, StepFailed
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.reason import Reason, ReasonOrText
from sequencer.vocabulary.regex import CompiledPattern, PatternError, compile_pattern
from sequencer.vocabulary.tree import MappingNode

OUTPUT_HEAD = 64 * 1024
OUTPUT_TAIL = 192 * 1024
"""Characters that the report keeps of the beginning and the end."""
WHOLE = 64 << 20
"""Bytes of an output that are judged; a longer one is an error, as nobody can say what it held."""
_LOOK_SECONDS = 0.2
"""Between two looks at how far a program is."""
_RECENT_CHUNKS, _RECENT_BYTES = 64, 4096
_SHOWN = 2000
"""Characters of its output that are shown while a program runs."""
# CSI, OSC and the two-character sequences of ECMA-48, and the choice of a character set.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()*+][0-~]|[@-Z\\^_=>78])")
_GROUP = re.compile(r"\(\?P<(\w+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecStep(Step):
    """Runs the program ``command`` (templates: the program, then its arguments)."""

    command: Data
    folder: str | None = None
    environment: Mapping[str, Data] = field(default_factory=dict)
    exit_codes: tuple[int, ...] = (0,)
    error_exit_codes: tuple[int, ...] = ()
    expect: str | None = None
    refuse: tuple[str, ...] = ()
    percent: str | None = None
    simulate: Data = None
    save: str | None = None

    @property
    def judges(self) -> bool:
        """When its output must, or must not, hold something."""
        return self.expect is not None or bool(self.refuse)


class Exec(StepRun):
    """Runs an ``exec``: without a shell, its output captured, killed with its children when the step is interrupted."""

    verb = "exec"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        command: object,
        *,
        folder: str | None = None,
        environment: Mapping[str, object] | None = None,
        exit_codes: list[int] | None = None,
        error_exit_codes: list[int] | None = None,
        expect: str | None = None,
        refuse: list[str] | None = None,
        percent: str | None = None,
        simulate: object = None,
        save: str | None = None,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(case, place, **shared)
        self.command = command
        self.folder = folder
        self.environment = environment or {}
        self.exit_codes = exit_codes or [0]
        self.error_exit_codes = error_exit_codes or []
        self.expect = expect
        self.refuse = refuse or []
        self.percent = percent
        self.simulate = simulate
        self._told: float | None = None
        self._printed = ""
        self.save = save

    def finish(self) -> None:
        """Runs the program; another exit code than expected, or output without what ``expect`` wants or with what
        ``refuse`` names, is a failure.

        ``save`` keeps ``{exit_code, output}``; named groups of ``expect`` become variables. A program that cannot be
        started, or ends with one of ``error_exit_codes``, is a ``StepError``.
        """
        instead = self.case.simulated and self.simulate is not None
        command = [str(part) for part in self.case.value(self.simulate if instead else self.command)]
        expect = None if self.expect is None else _pattern("expect", self.case.text(self.expect))
        refuse = [_pattern("refuse", self.case.text(written)) for written in self.refuse]
        if self.case.simulated and not instead:
            print(f"hardseq: {command[0]} is the real program: this `exec` has no `simulate`", file=sys.stderr)
        output = _Output()
        started = monotonic()
        exit_code = None
        text = ""
        try:
            exit_code = self._run(command, output)
        finally:
            text = output.text()
            kept, truncated = _for_report(text, whole=output.is_whole)
            seconds = monotonic() - started
            self.case.emit(
                ProgramFinished(self.case.full_name, self.place, command, exit_code, kept, seconds, truncated)
            )
        if self.save is not None and output.is_whole:
            self.case.save(self.save, {"exit_code": exit_code, "output": text})
        self._judge_exit_code(command[0], exit_code, text)
        if not output.is_whole and (self.save or expect or refuse):
            raise StepError(Reason("printed_too_much", program=command[0], size=WHOLE >> 20))
        self._judge(command[0], text, expect, refuse)

    def _judge_exit_code(self, program: str, exit_code: int, text: str) -> None:
        if exit_code in self.error_exit_codes:
            raise StepError(_with_last_line(Reason("equipment_fault", program=program, exit_code=exit_code), text))
        if exit_code not in self.exit_codes:
            wrong = Reason("wrong_exit_code", program=program, exit_code=exit_code, expected=self.exit_codes)
            raise StepFailed(_with_last_line(wrong, text))

    def _run(self, command: list[str], output: _Output) -> int:
        environment = {name: str(value) for name, value in self.case.value(self.environment).items()}
        folder = None if self.folder is None else self.case.text(self.folder)
        if folder is not None and not Path(folder).is_dir():
            raise StepError(_not_started(command, Reason("no_folder", folder=folder)))
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**self.case.environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except (OSError, ValueError) as error:
            reason = Reason("no_program") if isinstance(error, FileNotFoundError) else str(error)
            raise StepError(_not_started(command, reason)) from None
        assert process.stdout is not None
        reader = Thread(target=output.read, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            exit_code = self._wait(process, reader, output)
            # A child that the program left behind may hold the pipe open: what is there by then has to do.
            reader.join(2.0)
        except BaseException:
            _kill_with_children(process.pid)
            process.wait()
            raise
        return exit_code

    def _wait(self, process: subprocess.Popen[bytes], reader: Thread, output: _Output) -> int:
        """Waits until it has ended, and shows meanwhile what it prints and how far it is."""
        pattern = None if self.percent is None else _pattern("percent", self.percent)
        while True:
            reader.join(_LOOK_SECONDS)
            # A child that it left behind may hold the pipe open.
            if not reader.is_alive() or process.poll() is not None:
                return process.wait()
            recent = output.recent()
            if pattern is not None:
                self._tell_progress(pattern, recent)
            if (tail := recent[-_SHOWN:]) != self._printed:
                self._printed = tail
                self.case.emit(ProgramPrinting(self.case.full_name, self.place, tail))

    def _tell_progress(self, pattern: CompiledPattern, text: str) -> None:
        """Shows the last thing that the program said of how far it is; what is not a number is nothing to show."""
        for found in deque(pattern.compiled.finditer(text), maxlen=1):
            with suppress(ValueError, TypeError):
                value = float(found[1])
                if math.isfinite(value) and value != self._told:
                    self._told = value
                    self.case.emit(ProgressChanged(self.case.full_name, min(max(value, 0.0), 100.0)))

    def _judge(self, program: str, output: str, expect: CompiledPattern | None, refuse: list[CompiledPattern]) -> None:
        if expect is not None or refuse:
            self.case.judged()
        for pattern in refuse:
            if (met := pattern.search(output)) is not None:
                line = _line_of(output, met.start())
                raise StepFailed(Reason("output_refused", program=program, pattern=pattern.pattern, line=line))
        if expect is None:
            return
        found = expect.search(output)
        if found is None:
            lacking = Reason("output_lacks", program=program, pattern=expect.pattern)
            raise StepFailed(_with_last_line(lacking, output))
        for name, value in found.groupdict().items():
            self.case.save(name, value)


def _pattern(key: str, written: str) -> CompiledPattern:
    try:
        return compile_pattern(written, re.MULTILINE)
    except PatternError as error:
        raise StepError(Reason("bad_pattern", key=key, detail=str(error))) from None


def _line_of(output: str, position: int) -> str:
    start = output.rfind("\n", 0, position) + 1
    return output[start:].partition("\n")[0][:200]


class _Output:
    """What a program prints: all of it is judged, up to ``WHOLE`` bytes; its head and tail are the report's."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def read(self, stream: IO[bytes]) -> None:
        # The raw read returns what is there; the stream's own would wait for a full buffer.
        while chunk := os.read(stream.fileno(), 65536):
            if self._size <= WHOLE:
                self._chunks.append(chunk)
            self._size += len(chunk)

    @property
    def is_whole(self) -> bool:
        return self._size <= WHOLE

    def text(self) -> str:
        """The lines as a person saw them: without colours, and one that was written over is a line of its own."""
        return _plain(b"".join(self._chunks))

    def recent(self) -> str:
        """The last of it, as ``text``."""
        return _plain(b"".join(self._chunks[-_RECENT_CHUNKS:])[-_RECENT_BYTES:])


def _plain(printed: bytes) -> str:
    text = _ESCAPES.sub("", printed.decode("utf-8", "replace"))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _for_report(text: str, *, whole: bool) -> tuple[str, bool]:
    """The text with its middle cut out when it is long, which it then says; and whether anything is missing."""
    left_out = len(text) - OUTPUT_HEAD - OUTPUT_TAIL
    if left_out <= 0:
        return text, not whole
    gap = f"\n[... {left_out} characters left out ...]\n"
    return f"{text[:OUTPUT_HEAD]}{gap}{text[-OUTPUT_TAIL:]}", True


def _kill_with_children(pid: int) -> None:
    # Imported here: only an interrupted program needs it.
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()


def _not_started(command: list[str], reason: ReasonOrText) -> Reason:
    return Reason("program_not_started", program=command[0], reason=reason)


def _with_last_line(reason: Reason, output: str) -> Reason:
    lines = output.strip().splitlines()
    return Reason("last_line", reason=reason, line=lines[-1][:200]) if lines else reason


def parse(node: MappingNode, reader: StepReader) -> ExecStep:
    """Reads the step; the named groups of ``expect`` are variables from here on."""
    check_file(node, reader)
    if "simulate" in node:
        check_file(node, reader, "simulate")
    expect = reader.text(node, "expect")
    if expect is not None:
        _define_groups(node, expect, reader)
    written = reader.template(node, "refuse") if "refuse" in node else ()
    refuse = (written,) if isinstance(written, str) else tuple(written)
    percent = node.get("percent")
    if percent is not None:
        pattern = _compile(node, "percent", percent, reader)
        if pattern is not None and pattern.compiled.groups == 0:
            hint = r"put the number in parentheses: (\d+) ?%"
            reader.problem("bad-pattern", "`percent` has no group", node.value_place("percent"), hint=hint)
    if "save" in node:
        reader.define(node["save"], node.value_place("save"))
    for text in refuse:
        if not has_expression(text):
            _compile(node, "refuse", text, reader)
    return ExecStep(
        **reader.shared(node, "exec"),
        command=reader.template(node, "exec"),
        folder=reader.text(node, "folder"),
        environment=reader.template(node, "environment") or {},
        exit_codes=_codes(node.get("exit_code", 0)),
        error_exit_codes=_codes(node.get("error_exit_code", [])),
        expect=expect,
        refuse=refuse,
        percent=percent,
        simulate=reader.template(node, "simulate"),
        save=node.get("save"),
    )


def _define_groups(node: MappingNode, expect: str, reader: StepReader) -> None:
    """The named groups are variables. A pattern with expressions is known to be one only once they are evaluated."""
    place = node.value_place("expect")
    groups: Iterable[str] = _GROUP.findall(expect)
    if not has_expression(expect):
        pattern = _compile(node, "expect", expect, reader)
        groups = () if pattern is None else pattern.groupindex
    for name in groups:
        reader.define(name, place)


def _compile(node: MappingNode, key: str, written: str, reader: StepReader) -> CompiledPattern | None:
    try:
        return compile_pattern(written)
    except PatternError as error:
        reader.problem("bad-pattern", f"this is not a valid regular expression: {error}", node.value_place(key))
        return None


def _codes(written: int | list[int]) -> tuple[int, ...]:
    return tuple(written) if isinstance(written, list) else (written,)


def emit(step: ExecStep, out: Emitter) -> None:
    """``Exec(...).run()``"""
    call = out.construct(
        Exec,
        step,
        step.command,
        folder=step.folder,
        environment=dict(step.environment) or None,
        exit_codes=None if step.exit_codes == (0,) else list(step.exit_codes),
        error_exit_codes=list(step.error_exit_codes) or None,
        expect=step.expect,
        refuse=list(step.refuse) or None,
        percent=step.percent,
        simulate=step.simulate,
        save=step.save,
    )
    out.line(call + ".run()")


_COMMAND: Schema = {
    "type": "array",
    **TEMPLATE,
    "minItems": 1,
    "items": {"type": ["string", "number"]},
}

STEP = StepType(
    verb="exec",
    summary="Runs an external program, never through a shell; its output goes into the report.",
    schema={
        **_COMMAND,
        "description": "The program and its arguments, one item each; strings may contain ${{ expressions }}.",
        "examples": [["openocd", "-f", "board.cfg", "-c", "program firmware.hex verify exit"]],
    },
    model=ExecStep,
    parse=parse,
    emit=emit,
    keys={
        "folder": {
            "type": "string",
            **TEMPLATE,
            "description": "The folder it runs in, relative to the project folder.",
            "examples": ["firmware"],
        },
        "environment": {
            "type": "object",
            **TEMPLATE,
            "additionalProperties": {"type": ["string", "number"]},
            "description": "Additional environment variables.",
            "examples": [{"PROBE_SERIAL": "${{ params.probe }}"}],
        },
        "exit_code": {
            "anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}, "minItems": 1}],
            "default": 0,
            "description": "The exit code, or the codes, that mean success.",
            "examples": [0, [0, 3]],
        },
        "error_exit_code": {
            "anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}, "minItems": 1}],
            "description": "The exit code, or the codes, that mean a fault of the test equipment, not of the product.",
            "examples": [2, [2, 3]],
        },
        "expect": {
            "type": "string",
            **TEMPLATE,
            "description": "A regular expression that must match somewhere in the output; named groups "
            "become variables.",
            "examples": [r"verified (?P<bytes>\d+) bytes"],
        },
        "refuse": {
            "anyOf": [
                {"type": "string", **TEMPLATE},
                {"type": "array", "items": {"type": "string", **TEMPLATE}, "minItems": 1},
            ],
            "description": "A regular expression, or several, that must match nowhere in the output.",
            "examples": ["FAIL", ["FAIL", "^warning:"]],
        },
        "percent": {
            "type": "string",
            "minLength": 1,
            "description": "A regular expression whose first group is the progress in percent; shown as a bar.",
            "examples": [r"(\d+) ?%"],
        },
        "simulate": {
            **_COMMAND,
            "description": "The program that takes its place in a simulated run, and its arguments.",
            "examples": [["python", "simulated/flash.py"]],
        },
        "save": {**SAVE, "description": "The variable that keeps {exit_code, output}."},
    },
    example="- exec: [python, flash.py, firmware.hex]\n  timeout: 2 min\n  expect: 'verified (?P<bytes>\\d+) bytes'\n",
)
