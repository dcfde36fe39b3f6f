"""Secrets of hardseq, which neither drivers nor programs get, and which nobody reads in what comes of a run."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from sequencer.protocol.request import StartRequest
from sequencer.runner.run import Run
from tests.runner.conftest import PATIENT

KEY = 'CANARY-"key"-\\ü'
PASSWORD = "CANARY-password"


def test_no_secret_is_left_anywhere(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of the environment for programs and drivers; blotted out of events, prints, attachments and last words."""
    monkeypatch.setenv("HARDSEQ_SC_API_KEY", KEY)
    monkeypatch.setenv("HARDPY_SC_API_KEY", KEY)
    (project.folder.parent / "drivers" / "spy.py").write_text(
        "import os, sys\nfrom sequencer.project.secrets import ProcessSecrets\n\n"
        "class Spy:\n"
        "    def environment(self):\n        return dict(os.environ)\n"
        f"    def reads(self):\n        print('printed', {PASSWORD!r}, flush=True)\n        return [{PASSWORD!r}]\n"
        "    def key(self):\n        return ProcessSecrets.variables['HARDSEQ_SC_API_KEY']\n"
        f"    def fails(self):\n        raise OSError({PASSWORD!r})\n"
        f"    def dies(self):\n        print('last', {PASSWORD!r}, flush=True)\n        os._exit(3)\n"
    )
    p = project
    p.driver("spy", file="../drivers/spy.py", target="Spy")

    def measured(method: str) -> str:
        return (
            f"with Measure(case, 's.yaml:2:1', {method!r}, call='spy.{method}') as step:\n"
            f"    step.value = spy.{method}()"
        )

    note = p.folder.parent / "note.txt"
    note.write_text(f"the password is {PASSWORD}")
    p.module(
        "main",
        p.case(
            "program", f"Exec(case, 's.yaml:1:1', [{sys.executable!r}, '-c', 'import os; print(os.environ)']).run()"
        ),
        p.case("environment", measured("environment"), drivers="spy"),
        p.case("reads", measured("reads"), drivers="spy"),
        p.case("key", measured("key"), drivers="spy"),
        p.case("file", f"case.attach('note', open({str(note)!r}, 'rb').read(), None)"),
        p.case("fails", measured("fails"), drivers="spy"),
        p.case("dies", measured("dies"), drivers="spy"),
    )
    output: list[str] = []
    run = Run(p.write(), p.state, output=output.append, grace=PATIENT, secrets={PASSWORD})
    try:
        run.start(StartRequest())
        report = run.wait(60)
    finally:
        run.close()
    assert report is not None
    cases = {case["id"]: case for case in report["modules"][0]["cases"]}
    assert [case["status"] for case in cases.values()] == ["passed"] * 5 + ["error"] * 2
    written = [path.read_text(errors="replace") for path in Path(p.state.path).rglob("*") if path.is_file()]
    assert any("the password is ***" in text for text in written)
    assert any("printed ***" in line for line in output)
    everything = "\n".join([*written, *output, repr(report)])
    assert "CANARY" not in everything
    assert not re.search("HARDSEQ_SC_API_KEY|HARDPY_SC_API_KEY", everything)
