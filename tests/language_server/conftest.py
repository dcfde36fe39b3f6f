"""A server for the tests of this folder, and a project to edit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.language_server.editor import Editor

DRIVER = '''"""The bench's instruments."""


class Meter:
    """A multimeter."""

    def __init__(self, address: str = "sim") -> None:
        self.address = address

    def read_voltage(self, channel: int, samples: int = 1) -> float:
        """The voltage of a channel.

        channel: 1 to 4.
        """
        return 5.0 * channel / channel

    def reset(self) -> None:
        """Back to the settings it had when it was switched on."""
'''

SEQUENCE = """\
name: Rail check
version: 1.0.0
params:
  serial: {type: string, prompt: Scan the board}
vars:
  nominal: 5.0
drivers:
  meter: bench.Meter
modules:
  power:
    name: Power
    cases:
      rails:
        name: Rails
        steps:
          - measure: 5 V rail
            call: meter.read_voltage
            with: {channel: 1}
            unit: V
            limits: [4.8, 5.2]
            save: volts
          - check: volts > nominal - 1
            message: "only ${{ volts }} V of ${{ params.serial }}"
      ripple:
        depends: "::rails"
        steps:
          - call: meter.reset
"""
BLOCKS = """\
steps:
  wake:
    params: {level: {default: 5}}
    steps:
      - call: meter.read_voltage
        with: {channel: 1}
        save: woken
      - check: woken > level - nominal
"""
"""Steps that a sequence may include."""


@pytest.fixture(scope="session")
def server() -> Iterator[Editor]:
    """A running server; the folders of the tests are projects of their own."""
    editor = Editor()
    editor.start()
    yield editor
    assert editor.close() == 0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder with a sequence and its driver."""
    for folder in ("sequences", "drivers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "hardseq.toml").write_text("")
    (tmp_path / "drivers" / "bench.py").write_text(DRIVER)
    (tmp_path / "sequences" / "rail.yaml").write_text(SEQUENCE)
    return tmp_path.resolve()


@pytest.fixture
def editor(server: Editor) -> Iterator[Editor]:
    """The editor with nothing open; what a test opens is closed after it."""
    yield server
    for path in list(server.texts):
        server.leave(path)
    server.texts.clear()
