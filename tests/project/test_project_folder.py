"""Which project a path belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sequencer.app.exit_codes import Refusal
from sequencer.cli.init import command as init
from sequencer.project.project_folder import locate, open_project


@pytest.fixture
def stands(tmp_path: Path) -> Path:
    """A stand with a configuration, and beside it folders without one."""
    (tmp_path / "a" / "sequences").mkdir(parents=True)
    (tmp_path / "a" / "hardseq.toml").write_text('[stand]\nname = "Stand A"\n')
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "b.yaml").touch()
    return tmp_path


@pytest.mark.parametrize("path", ["../b", "../b/b.yaml", "sequences/../../b/b.yaml", "./sequences/../../b"])
def test_a_path_belongs_to_the_folder_that_it_ends_in(stands: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it passes on its way does not count: another stand's store and name would."""
    monkeypatch.chdir(stands / "a")
    assert locate(Path(path)) == (stands / "b", None)
    project = open_project(Path(path))
    assert project.settings.stand.name is None
    assert project.state.path == stands / "b" / ".hardseq"


def test_a_way_out_and_back_is_no_other_project(stands: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From beside it, too, the stand's own configuration is found."""
    monkeypatch.chdir(stands / "b")
    assert locate(Path("../a/sequences")) == (stands / "a", stands / "a" / "hardseq.toml")


def test_a_link_is_left_as_the_user_sees_it(stands: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A linked sequence belongs to where the link lies; what stands before `..` is what the system makes of it."""
    (stands / "a" / "linked.yaml").symlink_to(stands / "b" / "b.yaml")
    (stands / "a" / "elsewhere").symlink_to(stands / "b")
    monkeypatch.chdir(stands / "a")
    assert locate(Path("linked.yaml"))[0] == stands / "a"
    assert locate(Path("elsewhere/b.yaml"))[0] == stands / "a"
    assert locate(Path("elsewhere/../b/b.yaml"))[0] == stands / "b"


def test_a_configuration_that_is_not_read_is_told(stands: Path) -> None:
    """Where both lie in a folder ours wins, and `check` says so."""
    (stands / "a" / "hardpy.toml").write_text('title = "x"\n')
    (problem,) = open_project(stands / "a", {}).problems
    assert (problem.code, problem.severity) == ("unread-configuration", "warning")


def test_init_does_not_switch_another_configuration_off(tmp_path: Path) -> None:
    """A folder with a hardpy.toml is left as it is; a storage that there is not is refused with what there is."""
    (tmp_path / "hardpy.toml").write_text('[database]\nhost = "db"\n')
    refused = CliRunner().invoke(init, [str(tmp_path)])
    assert isinstance(refused.exception, Refusal) and "hardpy.toml" in str(refused.exception)
    assert [file.name for file in tmp_path.iterdir()] == ["hardpy.toml"]
    wrong = CliRunner().invoke(init, [str(tmp_path / "new"), "--storage-type", "json"])
    assert wrong.exit_code == 2 and "embedded" in wrong.output and "export" in wrong.output
