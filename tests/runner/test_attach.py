"""``attach``: a file with its name in the report, and what keeps one out of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.runner.test_judgements import run

SEQUENCE = """
name: Files
modules:
  main:
    cases:
      kept:
        steps:
          - attach: "${{ 'boot' }}.log"
          - {attach: boot.log, as: "${{ 'start' }}.txt"}
          - {check: true}
      missing:
        steps:
          - {attach: none.log}
          - {check: true}
"""


def test_a_file_is_attached_by_its_name_or_another(tmp_path: Path) -> None:
    """With its hash; one that is not there is an error of the case that names it."""
    (tmp_path / "boot.log").write_text("booted")
    cases = run(tmp_path, SEQUENCE)
    attached = cases["kept"]["attempts"][0]["attachments"]
    assert [each["name"] for each in attached] == ["boot.log", "start.txt"]
    assert {each["sha256"] for each in attached} == {hashlib.sha256(b"booted").hexdigest()}
    assert (cases["kept"]["status"], cases["missing"]["status"]) == ("passed", "error")
    assert "none.log" in cases["missing"]["attempts"][0]["failures"][0]["message"]
