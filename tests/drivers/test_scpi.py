"""SCPI instruments, real PyVISA against simulated hardware, and their own simulation."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sequencer.drivers.scpi import Instrument, ScpiError, Simulated

ADDRESS = "TCPIP0::localhost::inst0::INSTR"


@pytest.fixture
def library(tmp_path: Path) -> str:
    """A bench of its own for each test: PyVISA keeps the instruments of one file alive."""
    return f"{shutil.copy(Path(__file__).with_name('instruments.yaml'), tmp_path)}@sim"


@pytest.fixture
def supply(library: str) -> Iterator[Instrument]:
    instrument = Instrument(ADDRESS, library=library, timeout=20)
    yield instrument
    instrument.close()


def test_identity_is_read(supply: Instrument) -> None:
    """The identity comes back without its line end."""
    assert supply.identify() == "Example,SUPPLY-30,S0042,1.0"


def test_a_setting_reaches_the_instrument(supply: Instrument) -> None:
    """What was written can be read back as a number."""
    supply.write("VOLT 12.500")
    assert supply.number("VOLT?") == 12.5


def test_a_refused_command_raises_what_the_error_queue_says(supply: Instrument) -> None:
    """A write that the instrument does not know is an error that quotes its queue."""
    with pytest.raises(ScpiError, match=r"refused 'VOTL 5': -113,\"Undefined header\""):
        supply.write("VOTL 5")
    assert supply.errors() == []


def test_an_unanswered_query_names_address_and_reason(library: str) -> None:
    """A query without an answer says which, where, and what the queue holds."""
    supply = Instrument(ADDRESS, library=library, timeout=0.5)
    with pytest.raises(ScpiError, match=r"localhost.*did not answer 'VOTL\?'.*-113"):
        supply.query("VOTL?")
    supply.close()


def test_numbers_are_read_as_scpi_writes_them(supply: Instrument) -> None:
    """Exponents, lists, infinity and not-a-number follow SCPI-1999."""
    assert supply.number("MEAS:CURR?") == 0.125
    assert supply.number("MEAS:OVER?") == math.inf
    assert math.isnan(supply.number("MEAS:NAN?"))
    assert supply.numbers("TRAC?") == [1.0, 2.5, -3.0]


def test_an_answer_that_is_no_number_is_an_error(supply: Instrument) -> None:
    """Text where a number was asked for raises instead of passing on."""
    with pytest.raises(ScpiError, match=r"'OVLD'.*not a number"):
        supply.number("MEAS:TEXT?")


def test_reset_and_completion(supply: Instrument) -> None:
    """Reset empties and settles; the wait for completion returns."""
    supply.reset()
    supply.wait_until_done()


def test_the_wrong_instrument_is_refused(library: str) -> None:
    """An identity that does not match keeps the instrument from opening."""
    with pytest.raises(ScpiError, match=r"there is 'Example,SUPPLY-30,S0042,1\.0', which does not match 'METER'"):
        Instrument(ADDRESS, library=library, idn="METER")


def test_the_right_instrument_opens(library: str) -> None:
    """An identity that matches opens."""
    Instrument(ADDRESS, library=library, idn="^Example,SUPPLY").close()


def test_nothing_at_the_address(library: str) -> None:
    """An address where nothing answers is named in the error."""
    with pytest.raises(ScpiError, match="ASRL9::INSTR answered nothing"):
        Instrument("ASRL9::INSTR", library=library, timeout=0.1)
    with pytest.raises(ScpiError, match="::9::SOCKET"):
        Instrument("TCPIP0::127.0.0.1::9::SOCKET", library="@py", timeout=0.5)
    with pytest.raises(ScpiError, match="somewhere cannot be opened"):
        Instrument("somewhere", library="@py")


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyVISA the message says what to install."""

    def refuse(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("sequencer.drivers._library.import_module", refuse)
    with pytest.raises(ImportError, match=r"pip install 'hardseq\[visa\]'"):
        Instrument(ADDRESS)


def test_the_simulation_remembers_settings_and_answers() -> None:
    """A setting reads back, a listed answer is given, the identity check lets the stand-in through."""
    supply = Simulated(ADDRESS, idn="^Example", answers={"MEAS:CURR?": 0.125})
    supply.write("VOLT 5")
    assert (supply.number("VOLT?"), supply.number("MEAS:CURR?")) == (5.0, 0.125)
    assert supply.sent[0] == "VOLT 5"


def test_the_simulation_refuses_what_it_was_not_told() -> None:
    """An unlisted query raises as a real one would."""
    with pytest.raises(ScpiError, match=r"did not answer 'MEAS:VOLT\?'"):
        Simulated().number("MEAS:VOLT?")


def test_simulation_takes_the_arguments_of_the_instrument() -> None:
    """One `with:` fits both, so that a stand's settings do not break a simulated run."""
    from inspect import signature

    real = set(signature(Instrument).parameters)
    assert real <= set(signature(Simulated).parameters)
