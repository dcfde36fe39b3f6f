"""What instruments there are: VISA resources, serial ports, and what announces itself as LXI in the network.

Each way needs its package, PyVISA, pyserial and zeroconf; one that is not installed finds nothing and is named. LXI
instruments announce themselves by mDNS with the services of the LXI standard (LXI Device Specification, 10.4), and say
who they are in their TXT records.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyvisa import ResourceManager

ASK_SECONDS = 1.0
"""An instrument that has not said who it is by then is listed without a name."""

_SERVICES = {
    "_lxi._tcp.local.": "TCPIP::{host}::INSTR",
    "_vxi-11._tcp.local.": "TCPIP::{host}::INSTR",
    "_hislip._tcp.local.": "TCPIP::{host}::hislip0::INSTR",
    "_scpi-raw._tcp.local.": "TCPIP::{host}::{port}::SOCKET",
}


class FoundInstrument(NamedTuple):
    """``kind`` is ``visa``, ``serial`` or ``lxi``. ``identity`` is what it says of itself, ``details`` where it is."""

    kind: str
    address: str
    identity: str | None = None
    details: str | None = None

    def is_meant(self, which: str) -> bool:
        """Whether ``which`` is a part of what is known of it."""
        return any(which in part for part in (self.address, self.identity or "", self.details or ""))


class Discovery(NamedTuple):
    """What was found, and the packages that there are not, by what they would find."""

    instruments: list[FoundInstrument]
    missing: dict[str, str]


def discover(*, ask: bool = True, visa_library: str = "", seconds: float = 2.0) -> Discovery:
    """Looks in all ways; ``ask`` sends ``*IDN?`` to VISA resources other than serial ports.

    ``visa_library`` is as in PyVISA; answers of the network are waited for ``seconds``.
    """
    found: dict[str, FoundInstrument] = {}
    missing: dict[str, str] = {}
    for package, what, look in (
        ("pyserial", "serial ports", serial_ports),
        ("zeroconf", "LXI instruments in the network", lambda: lxi_instruments(seconds)),
        ("PyVISA", "VISA resources", lambda: visa_resources(ask, visa_library)),
    ):
        try:
            for each in look():
                known = found.get(each.address)
                if known is None or (known.identity is None and each.identity is not None):
                    found[each.address] = each
        except ImportError:
            missing[package] = what
    return Discovery(list(found.values()), missing)


def serial_ports() -> list[FoundInstrument]:
    """The serial ports with what USB says of them. Raises ``ImportError``."""
    from serial.tools.list_ports import comports

    found = []
    for port in sorted(comports(), key=lambda port: port.device):
        identity = " ".join(part for part in (port.manufacturer, port.product) if part) or None
        usb = None
        if port.vid is not None:
            number = f" {port.serial_number}" if port.serial_number else ""
            usb = f"USB {port.vid:04x}:{port.pid:04x}{number}"
        found.append(FoundInstrument("serial", port.device, identity, usb))
    return found


def visa_resources(ask: bool, library: str) -> list[FoundInstrument]:
    """What PyVISA lists. Raises ``ImportError``, also where there is no VISA library at all."""
    import pyvisa

    try:
        manager = pyvisa.ResourceManager(library)
    except (ValueError, OSError) as error:
        raise ImportError(str(error)) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyVISA-py tells of what else could be installed
            resources = sorted(manager.list_resources("?*"))
        # A serial port may be anything, and who knows what it makes of a question.
        asked = {name: _identity(manager, name) for name in resources if ask and "ASRL" not in name}
    finally:
        manager.close()
    return [FoundInstrument("visa", name, asked.get(name)) for name in resources]


def _identity(manager: ResourceManager, name: str) -> str | None:
    from pyvisa.resources import MessageBasedResource

    with suppress(Exception):  # whatever a library, or an instrument that is none, makes of it
        resource = manager.open_resource(
            name, open_timeout=int(ASK_SECONDS * 1000), read_termination="\n", write_termination="\n"
        )
        try:
            if isinstance(resource, MessageBasedResource):
                resource.timeout = ASK_SECONDS * 1000
                return resource.query("*IDN?").strip() or None
        finally:
            resource.close()
    return None


def lxi_instruments(seconds: float) -> list[FoundInstrument]:
    """What announces itself in the network within ``seconds``. Raises ``ImportError``."""
    zeroconf = import_module("zeroconf")
    found: dict[str, FoundInstrument] = {}
    network = zeroconf.Zeroconf()

    def changed(*, service_type: str, name: str, **_: object) -> None:
        info = network.get_service_info(service_type, name, timeout=1000)
        for host in () if info is None else info.parsed_addresses():
            where = f"[{host}]" if ":" in host else host
            address = _SERVICES[service_type].format(host=where, port=info.port)
            found[address] = FoundInstrument("lxi", address, said_of(info.properties), name.partition("._")[0])

    try:
        browser = zeroconf.ServiceBrowser(network, list(_SERVICES), handlers=[changed])
        time.sleep(seconds)
        browser.cancel()
    finally:
        network.close()
    return sorted(found.values())


def said_of(records: Mapping[bytes, bytes | None]) -> str | None:
    """The identity in TXT records, in the order of ``*IDN?``."""
    known = {key.decode("utf-8", "replace").lower(): value for key, value in records.items()}
    names = ("manufacturer", "model", "serialnumber", "firmwareversion")
    parts = [(known.get(name) or b"").decode("utf-8", "replace") for name in names]
    return ",".join(parts) if any(parts) else None
