"""``hardseq factory`` without a factory: what is missing is said, in one sentence."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from sequencer.app.exit_codes import Refusal
from sequencer.cli.factory import command


def refused(folder: Path, *arguments: str) -> Refusal:
    """Why it does not begin."""
    error = CliRunner().invoke(command, [str(folder), *arguments], standalone_mode=False).exception
    assert isinstance(error, Refusal)
    return error


def test_it_needs_the_factory_s_couchdb(tmp_path: Path) -> None:
    """A project of a single stand is none; the sentence says how to name a CouchDB."""
    error = refused(tmp_path)
    assert "no CouchDB is named" in str(error)
    assert "--url https://HOST:PORT/NAME" in (error.hint or "")


@pytest.mark.parametrize(
    "url", ["central:6984/factory", "https://central:6984", "https://central:port/factory", "ftp://c/f"]
)
def test_an_address_that_names_no_database_is_refused(tmp_path: Path, url: str) -> None:
    """What is meant is an address with the database's name at its end."""
    assert "https://HOST:PORT/NAME" in (refused(tmp_path, "--url", url).hint or "")


@pytest.mark.parametrize("password", ["secret/word", "12/secret"])
def test_an_address_that_is_none_does_not_show_its_password(tmp_path: Path, password: str) -> None:
    """What follows the colon is a password, though Python takes it for a port, and what is behind that for a path."""
    error = refused(tmp_path, "--url", f"https://admin:{password}@central:6984/factory")
    assert "secret" not in f"{error} {error.hint}"
    assert "%2F" in (error.hint or "")


@pytest.mark.parametrize(("name", "option"), [("runs", "--cursor"), ("factory", "--url")])
def test_what_is_meant_without_a_word_is_named_and_never_guessed(name: str, option: str) -> None:
    """However many commands a group gets, and in whatever order: `hardseq runs` is the one that only looks."""
    group = import_module(f"sequencer.cli.{name}").command
    assert f"Option '{option}' requires an argument" in CliRunner().invoke(group, [option]).output
