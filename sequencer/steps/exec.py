"""``exec``: an external program, such as a flasher or a vendor's tool."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import IO, Any

from sequencer.domain.expression import has_expression
from sequencer.steps.base import CaseContext, Emitter, StepReader, StepRun, StepType
from sequencer.steps.keys import SAVE, TEMPLATE
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.event import ProgramRun
from sequencer.vocabulary.failure import StepError, StepFailed
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.tree import MappingNode

OUTPUT_HEAD = 64 * 1024
OUTPUT_TAIL = 192 * 1024
_GROUP = re.compile(r"\(\?P<(\w+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecStep(Step):
    """Runs the program ``command`` (templates: the program, then its arguments)."""

    command: Data
    folder: str | None = None
    environment: Mapping[str, Data] = field(default_factory=dict)
    exit_codes: tuple[int, ...] = (0,)
    expect: str | None = None
    save: str | None = None


class Exec(StepRun):
    """Runs an ``exec``: without a shell, its output captured, killed with its children when the step is interrupted."""

    verb = "exec"

    def __init__(
        self,
        case: CaseContext,
        place: str,
        command: Any,
        *,
        folder: str | None = None,
        environment: Mapping[str, Any] | None = None,
        exit_codes: list[int] | None = None,
        expect: str | None = None,
        save: str | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(case, place, **shared)
        self.command = command
        self.folder = folder
        self.environment = environment or {}
        self.exit_codes = exit_codes or [0]
        self.expect = expect
        self.save = save

    def finish(self) -> None:
        """Runs the program; another exit code than expected, or output without what ``expect`` wants, is a failure.

        ``save`` keeps ``{exit_code, output}``; named groups of ``expect`` become variables. A program that cannot be
        started is a ``StepError``.
        """
        command = [str(part) for part in self.case.value(self.command)]
        expect = None if self.expect is None else _pattern(self.case.text(self.expect))
        output = _Output()
        started = monotonic()
        exit_code = None
        try:
            exit_code = self._run(command, output)
        finally:
            self.case.emit(
                ProgramRun(
                    self.case.full_name,
                    self.place,
                    command,
                    exit_code,
                    output.text,
                    monotonic() - started,
                    output.truncated,
                )
            )
        if self.save is not None:
            self.case.save(self.save, {"exit_code": exit_code, "output": output.text})
        if exit_code not in self.exit_codes:
            wanted = " or ".join(map(str, self.exit_codes))
            raise StepFailed(f"{command[0]} ended with exit code {exit_code}, not {wanted}{_last_line(output.text)}")
        self._expect(command[0], output.text, expect)

    def _run(self, command: list[str], output: _Output) -> int:
        environment = {name: str(value) for name, value in self.case.value(self.environment).items()}
        folder = None if self.folder is None else self.case.text(self.folder)
        if folder is not None and not Path(folder).is_dir():
            raise StepError(f"{command[0]} could not be started: there is no folder {folder}")
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except (OSError, ValueError) as error:
            reason = "there is no such program" if isinstance(error, FileNotFoundError) else error
            raise StepError(f"{command[0]} could not be started: {reason}") from None
        assert process.stdout is not None
        reader = Thread(target=output.read, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            exit_code = process.wait()
            # A child that the program left behind may hold the pipe open: what is there by then has to do.
            reader.join(2.0)
        except BaseException:
            _kill_with_children(process.pid)
            process.wait()
            raise
        return exit_code

    def _expect(self, program: str, output: str, expect: re.Pattern[str] | None) -> None:
        if expect is None:
            return
        found = expect.search(output)
        if found is None:
            missing = f"has nothing that matches {expect.pattern!r}"
            raise StepFailed(f"the output of {program} {missing}{_last_line(output)}")
        for name, value in found.groupdict().items():
            self.case.save(name, value)


def _pattern(written: str) -> re.Pattern[str]:
    try:
        return re.compile(written, re.MULTILINE)
    except re.error as error:
        raise StepError(f"`expect` is not a valid regular expression: {error}") from None


class _Output:
    """Keeps the beginning and the end of a stream of any length."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self.truncated = False

    def read(self, stream: IO[bytes]) -> None:
        # The raw read returns what is there; the stream's own would wait for a full buffer.
        while chunk := os.read(stream.fileno(), 65536):
            room = OUTPUT_HEAD - len(self._head)
            self._head += chunk[:room]
            self._tail += chunk[room:]
            if len(self._tail) > OUTPUT_TAIL:
                self._tail = self._tail[-OUTPUT_TAIL:]
                self.truncated = True

    @property
    def text(self) -> str:
        gap = b"\n[...]\n" if self.truncated else b""
        return (self._head + gap + self._tail).decode("utf-8", "replace").replace("\r\n", "\n")


def _kill_with_children(pid: int) -> None:
    # Imported here: only an interrupted program needs it.
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return f"; its last line: {lines[-1][:200]}" if lines else ""


def parse(node: MappingNode, reader: StepReader) -> ExecStep:
    """Reads the step; the named groups of ``expect`` are variables from here on."""
    expect = reader.text(node, "expect")
    if expect is not None:
        _define_groups(node, expect, reader)
    if "save" in node:
        reader.define(node["save"], node.value_place("save"))
    exit_code = node.get("exit_code", 0)
    return ExecStep(
        **reader.shared(node, "exec"),
        command=reader.template(node, "exec"),
        folder=reader.text(node, "folder"),
        environment=reader.template(node, "environment") or {},
        exit_codes=tuple(exit_code) if isinstance(exit_code, list) else (exit_code,),
        expect=expect,
        save=node.get("save"),
    )


def _define_groups(node: MappingNode, expect: str, reader: StepReader) -> None:
    """The named groups are variables. A pattern with expressions is known to be one only once they are evaluated."""
    place = node.value_place("expect")
    groups: Iterable[str] = _GROUP.findall(expect)
    if not has_expression(expect):
        try:
            groups = re.compile(expect).groupindex
        except re.error as error:
            reader.problem("bad-pattern", f"this is no regular expression: {error}", place)
            return
    for name in groups:
        reader.define(name, place)


def emit(step: ExecStep, out: Emitter) -> None:
    """``Exec(...).run()``"""
    call = out.construct(
        Exec,
        step,
        step.command,
        folder=step.folder,
        environment=dict(step.environment) or None,
        exit_codes=None if step.exit_codes == (0,) else list(step.exit_codes),
        expect=step.expect,
        save=step.save,
    )
    out.line(call + ".run()")


STEP = StepType(
    verb="exec",
    summary="Runs an external program, never through a shell; its output goes into the report.",
    schema={
        "type": "array",
        "minItems": 1,
        "items": {"type": ["string", "number"], **TEMPLATE},
        "description": "The program and its arguments, each on its own; texts may hold ${{ expressions }}.",
        "examples": [["openocd", "-f", "board.cfg", "-c", "program firmware.hex verify exit"]],
    },
    model=ExecStep,
    parse=parse,
    emit=emit,
    keys={
        "folder": {
            "type": "string",
            **TEMPLATE,
            "description": "The folder it runs in, from the project folder.",
            "examples": ["firmware"],
        },
        "environment": {
            "type": "object",
            **TEMPLATE,
            "additionalProperties": {"type": ["string", "number"]},
            "description": "Environment variables it gets in addition.",
            "examples": [{"PROBE_SERIAL": "${{ params.probe }}"}],
        },
        "exit_code": {
            "anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}, "minItems": 1}],
            "default": 0,
            "description": "The exit code, or the codes, that mean success.",
            "examples": [0, [0, 3]],
        },
        "expect": {
            "type": "string",
            **TEMPLATE,
            "description": "A regular expression that the output must match somewhere; named groups become variables.",
            "examples": [r"verified (?P<bytes>\d+) bytes"],
        },
        "save": {**SAVE, "description": "The variable that keeps {exit_code, output}."},
    },
    example="- exec: [python, flash.py, firmware.hex]\n  timeout: 2 min\n  expect: 'verified (?P<bytes>\\d+) bytes'\n",
)
