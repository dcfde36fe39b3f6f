"""Tests write files again, within the second and with the same length."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_what_a_test_writes_is_what_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the test's own process and in one that it starts: no bytecode of the first file is taken for the second."""
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "written_again.py"
    for word in ("first", "again"):
        file.write_text(f"WORD = {word!r}\n", encoding="utf-8")
        os.utime(file, (1_700_000_000, 1_700_000_000))
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, "written_again", raising=False)
        assert word == importlib.import_module("written_again").WORD
        script = "import written_again; print(written_again.WORD)"
        told = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert told.stdout.strip() == word
