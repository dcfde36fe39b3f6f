"""What holds a secret, and how it is taken out of what is written."""

from __future__ import annotations

import base64
import json
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.project.secrets import SHORTEST, Redactor, is_secret, without_secrets
from sequencer.project.settings import Settings

SECRETS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=SHORTEST).filter(lambda text: "*" not in text)


def variables(kind: Any) -> set[str]:
    """Every environment variable that the settings speak of."""
    found = set()
    for field in fields(kind):
        section = field.metadata.get("section")
        if is_dataclass(section):
            found |= variables(section)
        elif name := field.metadata.get("env"):
            found.add(name)
    return found


def test_every_secret_of_the_settings_is_known_by_its_name() -> None:
    """A new one whose name is not recognised would be handed to programs."""
    names = variables(Settings)
    assert "HARDSEQ_SC_API_KEY" in names
    assert all(is_secret(name) for name in names)
    assert is_secret("HARDPY_SC_API_KEY")
    assert without_secrets({"HARDSEQ_SC_API_KEY": "a", "HARDSEQ_STATE_DIR": "b", "PATH": "c", "MY_API_KEY": "d"}) == {
        "HARDSEQ_STATE_DIR": "b",
        "PATH": "c",
        "MY_API_KEY": "d",
    }


@given(SECRETS, st.text())
def test_no_form_of_a_secret_is_left(secret: str, around: str) -> None:
    """As it is, in JSON, in JSON inside JSON, in a URL, in base64."""
    redactor = Redactor([secret])
    written = [
        json.dumps({"text": around + secret, "inner": json.dumps(secret)}, ensure_ascii=ascii_only)
        for ascii_only in (True, False)
    ]
    written += [quote(secret, safe=""), base64.b64encode(secret.encode()).decode(), repr(secret)]
    for text in written:
        for blotted in (redactor.text(text), redactor.line(text.encode()).decode()):
            assert secret not in blotted
            assert json.dumps(secret)[1:-1] not in blotted
    assert len(redactor.file(written[0].encode())) == len(written[0].encode())


@pytest.mark.parametrize("secret", ["", "dev", "12345"])
def test_a_short_secret_garbles_nothing(secret: str) -> None:
    """It is part of too many words."""
    assert Redactor([secret]).text("dev 12345") == "dev 12345"
