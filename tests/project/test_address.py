"""The rules for ``[stand_cloud] address``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.project.address import base_address, is_loopback


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("standcloud.io", "https://standcloud.io/hardpy/api/v1"),
        ("standcloud.everypin.io:8443", "https://standcloud.everypin.io:8443/hardpy/api/v1"),
        ("localhost:9000", "https://localhost:9000/hardpy/api/v1"),
        ("  standcloud.io/ ", "https://standcloud.io/hardpy/api/v1"),
        ("https://standcloud.io", "https://standcloud.io/hardpy/api/v1"),
        ("https://factory.example/own/path", "https://factory.example/own/path"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/hardpy/api/v1"),
        ("http://localhost:9000/", "http://localhost:9000/hardpy/api/v1"),
        ("http://[::1]:9000", "http://[::1]:9000/hardpy/api/v1"),
        ("http://127.0.0.1:9000/hardpy/api/v1", "http://127.0.0.1:9000/hardpy/api/v1"),
    ],
)
def test_an_address_becomes_the_base_of_the_calls(address: str, base: str) -> None:
    """A bare host gets scheme and path; with a scheme only a missing path is added."""
    assert base_address(address) == base


@pytest.mark.parametrize(
    "address",
    [
        "http://standcloud.io",
        "http://127.0.0.1.standcloud.io",
        "http://localhost.standcloud.io",
        "http://192.168.1.4:9000",
        "http://0.0.0.0:9000",
        "http://2130706433",
    ],
)
def test_http_beyond_this_machine_is_refused(address: str) -> None:
    """The key never goes over a network unprotected, whatever the host looks like."""
    with pytest.raises(ValueError, match="unprotected"):
        base_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://",
        "ftp://standcloud.io",
        "standcloud.io?x=1",
        "https://standcloud.io/#top",
        "https://stand cloud.io",
        "https://standcloud.io:99999",
        "https://standcloud.io:0",
        "http://127.0.0.1\\.evil.example",
        "https://[::1",
        "https://standcloud.io/\npath",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """Texts that no server can be found under are refused before anything is sent."""
    with pytest.raises(ValueError, match="not a StandCloud address"):
        base_address(address)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    """User and password do not belong into the address, and the message does not show them."""
    with pytest.raises(ValueError, match="must not contain") as refused:
        base_address("http://127.0.0.1:hunter2@standcloud.io")
    assert "hunter2" not in str(refused.value)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    """No text raises anything but ``ValueError``, and what is accepted is https or this machine."""
    try:
        base = base_address(text)
    except ValueError:
        return
    assert base.startswith("https://") or is_loopback(base.removeprefix("http://").split("/")[0].rsplit(":", 1)[0])
