"""Names longer than a file system takes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sequencer.compiler.file_name import short_name
from sequencer.compiler.project import ensure_compiled, write_project


@given(st.text())
def test_short_names_stay_and_long_ones_fit(name: str) -> None:
    """A name of up to 120 bytes is its own file name; a longer one fits, and differs from one with another end."""
    long = "é" * 100 + name
    assert short_name(name) == name or len(name.encode("utf-8", "surrogatepass")) > 120
    assert len(short_name(long).encode("utf-8", "surrogatepass")) <= 120
    assert short_name(long) != short_name(long + "!")


def test_a_sequence_with_long_names_compiles(tmp_path: Path) -> None:
    """Module, case and file names of more than 200 letters become a generated project like any other."""
    module, case = "m" * 400, "c" * 400
    file = tmp_path / f"{'ä' * 115}.yaml"
    file.write_text(
        f"name: Long\nmodules:\n  {module}:\n    cases:\n      {case}:\n        steps: [{{message: hello}}]\n",
        encoding="utf-8",
    )
    compiled = ensure_compiled(file, project=tmp_path, compiled=tmp_path / "compiled")
    assert ensure_compiled(file, project=tmp_path, compiled=tmp_path / "compiled").fresh is False
    (generated,) = compiled.folder.glob("test_*.py")
    names, _ = write_project(file, project=tmp_path, folder=tmp_path / "written")
    assert generated.name in names
