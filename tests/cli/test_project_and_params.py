from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.app.exit_codes import Refusal
from sequencer.app.run_choice import choose_sequence
from sequencer.cli.run_params import params_from, split_arguments
from sequencer.project.project_folder import locate, open_project, sequence_files
from sequencer.protocol.params import read_params
from sequencer.vocabulary.model import Param
from sequencer.vocabulary.problem import InvalidInput


def made(folder: Path, *files: str) -> Path:
    for name in files:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return folder


@pytest.mark.parametrize(
    ("files", "path", "folder", "configuration"),
    [
        (["hardseq.toml", "sequences/a.yaml"], "sequences/a.yaml", ".", "hardseq.toml"),
        (["hardpy.toml", "sequences/deep/a.yaml"], "sequences/deep/a.yaml", ".", "hardpy.toml"),
        (["hardpy.toml", "hardseq.toml", "a.yaml"], "a.yaml", ".", "hardseq.toml"),
        (["hardseq.toml", "inner/hardseq.toml", "inner/a.yaml"], "inner/a.yaml", "inner", "inner/hardseq.toml"),
        (["sequences/a.yaml"], "sequences/a.yaml", ".", None),
        (["sequences/deep/a.yaml"], "sequences/deep/a.yaml", ".", None),
        (["sequences/a.yaml"], "sequences", ".", None),
        (["x/a.yaml"], "x/a.yaml", "x", None),
    ],
)
def test_a_path_belongs_to_a_project(
    tmp_path: Path, files: list[str], path: str, folder: str, configuration: str | None
) -> None:
    """The project is the nearest folder with a configuration, else the one above `sequences`, else the file's."""
    root = made(tmp_path / "root", *files)
    assert locate(root / path) == ((root / folder), None if configuration is None else root / configuration)


def test_the_state_folder_can_be_moved(tmp_path: Path) -> None:
    """HARDSEQ_STATE_DIR in the environment or in .env says where state lies; the environment wins."""
    (tmp_path / ".env").write_text(f"HARDSEQ_STATE_DIR={tmp_path / 'a'}\nHARDSEQ_SC_API_KEY=from-dotenv\n")
    assert open_project(tmp_path, {}).state.path == tmp_path / "a"
    assert open_project(tmp_path, {"HARDSEQ_STATE_DIR": str(tmp_path / "b")}).state.path == tmp_path / "b"
    key = open_project(tmp_path, {}).settings.stand_cloud.api_key
    assert key is not None and key.reveal() == "from-dotenv"


def test_all_secrets_of_a_project_are_known(tmp_path: Path) -> None:
    """Those of .env too that the environment overrides, with a configuration and without."""
    (tmp_path / ".env").write_text("HARDSEQ_SC_API_KEY=from-dotenv\nBENCH=1\n")
    environment = {"HARDSEQ_SC_API_KEY": "from-environment"}
    assert open_project(tmp_path, environment).secrets == {"from-dotenv", "from-environment"}
    (tmp_path / "hardseq.toml").write_text('[stand_cloud]\napi_key = "from-file"\n')
    assert open_project(tmp_path, environment).secrets == {"from-dotenv", "from-environment", "from-file"}


@pytest.mark.parametrize("content", [b"\xff\xfe", b"port = ", b"unknown = 1"])
def test_a_configuration_with_errors_cannot_be_used(tmp_path: Path, content: bytes) -> None:
    """Whatever is wrong with the file, opening gives problems and only using it raises."""
    (tmp_path / "hardseq.toml").write_bytes(content)
    project = open_project(tmp_path, {})
    assert project.problems
    with pytest.raises(InvalidInput):
        project.checked()


def test_sequences_of_a_folder(tmp_path: Path) -> None:
    """Sequences lie in `sequences/`, or in the folder itself; a compose file is none."""
    made(tmp_path, "sequences/b.yaml", "sequences/a.yml", "sequences/notes.txt", "docker-compose.yaml")
    assert [file.name for file in sequence_files(tmp_path)] == ["a.yml", "b.yaml"]
    assert [file.name for file in sequence_files(made(tmp_path / "flat", "a.yaml", "docker-compose.yaml"))] == [
        "a.yaml"
    ]


def test_which_sequence_a_path_means(tmp_path: Path) -> None:
    """A file is itself, a folder its configured or only sequence, and anything unclear is refused with the choices."""
    made(tmp_path, "sequences/a.yaml")
    assert choose_sequence(tmp_path, open_project(tmp_path, {})) == tmp_path / "sequences/a.yaml"
    made(tmp_path, "sequences/b.yaml")
    with pytest.raises(Refusal, match=r"which sequence\? .*a\.yaml, .*b\.yaml"):
        choose_sequence(tmp_path, open_project(tmp_path, {}))
    choices = "".join(f'[[test_configs]]\nname = "{name}"\nfile = "sequences/{name}.yaml"\n' for name in "ab")
    (tmp_path / "hardseq.toml").write_text(f'current_test_config = "b"\n{choices}')
    assert choose_sequence(tmp_path, open_project(tmp_path, {})) == tmp_path / "sequences/b.yaml"
    (tmp_path / "hardseq.toml").write_text(choices)
    with pytest.raises(Refusal, match=r"which sequence\? a \(sequences/a.yaml\), b"):
        choose_sequence(tmp_path, open_project(tmp_path, {}))
    (tmp_path / "sequences/b.yaml").unlink()
    (tmp_path / "hardseq.toml").write_text(f'current_test_config = "b"\n{choices}')
    with pytest.raises(Refusal, match="does not exist"):
        choose_sequence(tmp_path, open_project(tmp_path, {}))


PARAMS = (
    Param(name="serial", pattern="^SN[0-9]{6}$"),
    Param(name="count", type="integer", default=3, required=False, minimum=1, maximum=9),
    Param(name="volts", type="number", default=None, required=False),
    Param(name="burn_in", type="boolean", default=False, required=False),
    Param(name="revision", one_of=("A", "B"), default="A", required=False),
)


def test_texts_become_values_of_the_parameters_types() -> None:
    """Each `--arg` is read as its parameter's type; what is not given takes its default."""
    values = params_from(
        split_arguments(["serial=SN000123", "count=5", "volts=2e3", "burn_in=yes", "revision=B"]), PARAMS
    )
    assert values == {"serial": "SN000123", "count": 5, "volts": 2000.0, "burn_in": True, "revision": "B"}
    assert params_from(split_arguments(["serial=SN000123"]), PARAMS) == {
        "serial": "SN000123",
        "count": 3,
        "volts": None,
        "burn_in": False,
        "revision": "A",
    }


def test_what_a_scanner_puts_around_a_text_is_no_part_of_it() -> None:
    """Blanks and line breaks around a value are dropped, so that no serial number ends in one; within it they stay."""
    assert params_from(split_arguments(["serial=SN000123 \r\n", "revision= B\n"]), PARAMS) == params_from(
        split_arguments(["serial=SN000123", "revision=B"]), PARAMS
    )
    with pytest.raises(Refusal, match="missing: serial"):
        params_from(split_arguments(["serial= \n"]), PARAMS)
    with pytest.raises(Refusal, match="--arg serial: must match"):
        params_from(split_arguments(["serial=SN000\n123"]), PARAMS)


def test_a_hint_is_told_instead_of_the_pattern() -> None:
    """Who types a parameter reads in words what it should look like; programs get the same words."""
    param = Param(name="serial", pattern="^SN[0-9]{6}$", hint="SN and six digits")
    with pytest.raises(Refusal, match=r"--arg serial: does not have the right form: SN and six digits$"):
        params_from(split_arguments(["serial=12"]), [param])
    _, wrong = read_params([param], {"serial": "12"})
    assert (wrong["serial"].code, wrong["serial"].limit) == ("pattern", "SN and six digits")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "missing: serial"),
        (["serial="], "missing: serial"),
        (["serial=123"], r"--arg serial: must match \^SN"),
        (["serial=SN000123", "count=1.5"], "--arg count: must be an integer"),
        (["serial=SN000123", "count=1_0"], "--arg count: must be an integer"),
        (["serial=SN000123", "count=0"], "--arg count: must be at least 1"),
        (["serial=SN000123", "count=10"], "--arg count: must be at most 9"),
        (["serial=SN000123", "volts=nan"], "--arg volts: must be a number"),
        (["serial=SN000123", "burn_in=maybe"], "--arg burn_in: must be true or false"),
        (["serial=SN000123", "revision=C"], "--arg revision: must be one of A, B"),
        (["serial=SN000123", "speed=1"], "--arg speed: is not a parameter of this sequence"),
        (["serial"], "NAME=VALUE"),
        (["serial=SN000001", "serial=SN000002"], "is given twice"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(arguments: list[str], said: str) -> None:
    """Each wrong or missing parameter is named with what it must be."""
    with pytest.raises(Refusal, match=said):
        params_from(split_arguments(arguments), PARAMS)


@given(
    st.dictionaries(
        st.sampled_from(["serial", "count", "volts", "burn_in", "other"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    )
)
def test_every_parameter_ends_as_a_value_or_an_error(given_values: dict[str, object]) -> None:
    """Whatever a page or a command line sends, each parameter has a usable value or an error, never both."""
    values, errors = read_params(PARAMS, given_values)  # type: ignore[arg-type]
    assert values.keys() | errors.keys() >= {param.name for param in PARAMS}
    assert not values.keys() & errors.keys()
    assert isinstance(values.get("count", 3), int) and not isinstance(values.get("count", 3), bool)
