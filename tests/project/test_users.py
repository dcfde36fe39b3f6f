"""The file of those who may use a panel, and ``hardseq users``."""

from __future__ import annotations

import json
import os
import stat
import threading
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.cli.users import command
from sequencer.project import users
from sequencer.project.users import (
    ROLES,
    User,
    UserRefused,
    Users,
    UsersFile,
    UsersUnusable,
    parse_users,
    pin_hash,
    written,
)
from tests.effort import examples


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash of the real cost takes a quarter of a second."""
    monkeypatch.setattr(users, "COST", (4, 1, 1))


def call(folder: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, [*arguments, "--project", str(folder)], input=typed, standalone_mode=False)


def test_who_was_added_is_found_by_pin_badge_and_token(tmp_path: Path) -> None:
    """Each way to log in finds its user and no other one; what was typed stands nowhere in the file."""
    added = call(
        tmp_path, "add", "Ada", "--role", "engineer", "--pin", "--badge", "--token", typed="47110815\nB-08154711\n"
    )
    assert added.exception is None
    call(tmp_path, "add", "Bob", "--pin", typed="12341234\n")
    file = UsersFile(tmp_path / "users.toml")
    token = next(line for line in added.output.splitlines() if line.startswith("hsq_"))
    found = file.read()
    ada = found.with_pin("ada", "47110815")
    assert ada is not None and (ada.name, ada.role) == ("Ada", "engineer")
    assert found.with_badge("B-08154711\n") == found.with_token(token) == ada
    assert found.with_pin("Bob", "12341234") == found.named("BOB") == User("Bob", "operator", found.users[1].pin)
    wrong = [found.with_pin("Bob", "47110815"), found.with_pin("Eve", "12341234"), found.with_pin("Ada", "")]
    wrong += [found.with_badge("B-08154712"), found.with_badge(""), found.with_token(""), found.with_token(ada.token)]
    assert wrong == [None] * 7
    text = file.path.read_text()
    assert not any(secret in text for secret in ("47110815", "08154711", "12341234", token))
    if os.name != "nt":
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_change_takes_the_former_pin_away(tmp_path: Path) -> None:
    """Another PIN or role is used at once, also by whoever has the file open; a removed user is gone."""
    call(tmp_path, "add", "Ada", "--pin", typed="4711\n")
    file = UsersFile(tmp_path / "users.toml")
    assert file.read().with_pin("Ada", "4711") is not None
    assert call(tmp_path, "change", "Ada", "--pin", "--role", "manager", typed="9999\n").exception is None
    assert file.read().with_pin("Ada", "4711") is None
    changed = file.read().with_pin("Ada", "9999")
    assert changed is not None and changed.role == "manager"
    listed = json.loads(call(tmp_path, "list", "--format", "json").output)
    assert listed == {"users": [{"name": "Ada", "role": "manager", "login": ["pin"]}]}
    assert "Ada" in call(tmp_path, "list").output
    call(tmp_path, "remove", "Ada")
    assert file.read().users == () and file.enabled


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (("add", "Ada"), "", "already"),
        (("add", "Bob", "--pin"), "123\n", "4 characters"),
        (("add", "Bob", "--badge"), "B-0815\n", "Ada's"),
        (("add", " Bob"), "", "spaces"),
        (("change", "Bob", "--pin"), "1234\n", "no user"),
        (("change", "Ada"), "", "nothing to change"),
        (("remove", "Bob"), "", "no user"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, arguments: tuple[str, ...], typed: str, words: str) -> None:
    """A refused command says why, and the file stays as it was."""
    call(tmp_path, "add", "Ada", "--badge", typed="B-0815\n")
    before = (tmp_path / "users.toml").read_bytes()
    assert words in str(call(tmp_path, *arguments, typed=typed).exception)
    assert (tmp_path / "users.toml").read_bytes() == before


def test_two_commands_at_once_lose_nobody(tmp_path: Path) -> None:
    """Whoever changes the file waits for whoever is changing it."""

    def add(name: str) -> None:
        UsersFile(tmp_path / "users.toml").change(lambda found: found.put(User(name, "operator")))

    threads = [threading.Thread(target=add, args=(f"user {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(UsersFile(tmp_path / "users.toml").read().users) == 8


@pytest.mark.parametrize(
    "text",
    [
        "salt",
        'salt = "s"\n[[users]]\nname = "Ada"\nrole = "boss"\n',
        'salt = "s"\n[[users]]\nname = "Ada"\nrole = "operator"\npin = "4711"\n',
        'salt = "s"\n[[users]]\nname = "Ada"\nrole = "operator"\npin = "scrypt$30$8$5$aa$' + "0" * 64 + '"\n',
        'salt = "s"\n[[users]]\nname = "Ada"\nrole = "operator"\npin = 4711\n',
        'salt = "s"\n[[users]]\nname = "Ada"\nrole = "operator"\n[[users]]\nname = "ada"\nrole = "manager"\n',
        'salt = "s"\nadmin = true\n',
        "[[users]]\n",
    ],
)
def test_a_file_that_is_not_right_lets_nobody_in(tmp_path: Path, text: str) -> None:
    """A damaged file is an error and not an empty one; nothing is written over it."""
    path = tmp_path / "users.toml"
    path.write_text(text)
    file = UsersFile(path)
    assert file.enabled
    with pytest.raises(UsersUnusable, match=r"users\.toml"):
        file.read()
    with pytest.raises(UsersUnusable):
        file.change(lambda found: found.put(User("Eve", "manager")))
    assert path.read_text() == text


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    """Without users nobody logs in; a configured file that is missing is no such case."""
    assert not UsersFile(tmp_path / "users.toml").enabled
    required = UsersFile(tmp_path / "users.toml", required=True)
    assert required.enabled
    with pytest.raises(UsersUnusable, match="missing"):
        required.read()


@given(st.lists(st.tuples(st.text(max_size=120), st.sampled_from(ROLES)), max_size=5))
@settings(max_examples=examples(50), deadline=None)
def test_what_is_written_is_what_is_read(people: list[tuple[str, users.Role]]) -> None:
    """Whatever a name holds, it is a name or refused, and the file is TOML with the same users."""
    found = Users("salt")
    for name, role in people:
        try:
            found = found.put(User(name, role))
        except UserRefused:
            assert users.name_problem(name)
    data = written(found).encode()
    tomllib.loads(data.decode())
    assert parse_users(data) == found


def test_a_higher_cost_is_that_of_later_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was added before hashes became dearer still gets in; a badge is nobody else's, whenever it was added."""
    early = Users("salt")
    early = early.put(User("Ada", "operator", pin_hash("4711"), early.badge_hash("B-0815")))
    monkeypatch.setattr(users, "COST", (5, 1, 1))
    late = early.put(User("Bob", "operator", pin_hash(" 1234 "), early.badge_hash("B-0816")))
    assert [late.with_pin("Ada", "4711"), late.with_badge("B-0815")] == [late.named("Ada")] * 2
    assert [late.with_pin("Bob", "1234 "), late.with_badge("B-0816")] == [late.named("Bob")] * 2
    with pytest.raises(UserRefused, match="Ada's"):
        late.put(User("Eve", "operator", badge=late.badge_hash("B-0815")))
