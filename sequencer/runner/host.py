"""Facts about this computer for the report."""

from __future__ import annotations

import os
import platform
import sys
import uuid
from pathlib import Path

from sequencer.vocabulary.data import Data


def host_facts() -> dict[str, Data]:
    """``{name, id, os, python, timezone}``: ``id`` names the machine, ``timezone`` is the IANA name."""
    return {
        "name": platform.node(),
        "id": machine_id(),
        "os": operating_system(),
        "python": platform.python_version(),
        "timezone": time_zone(),
    }


def operating_system() -> str:
    """As Python's ``platform`` writes it: ``Linux-6.1.0-x86_64-with-glibc2.36``."""
    if sys.platform != "linux":
        return platform.platform(terse=True)
    # It would start `uname -p` for the processor's name, which it then leaves out where it is the machine's.
    here = os.uname()
    return "-".join([here.sysname, here.release, here.machine, "with", "".join(platform.libc_ver())]).rstrip("-")


def machine_id() -> str:
    """The operating system's id of this installation, or the network card's address where there is none."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
                return str(winreg.QueryValueEx(key, "MachineGuid")[0])
        except OSError:
            return f"{uuid.getnode():012x}"
    for file in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            found = Path(file).read_text("ascii").strip()
        except (OSError, ValueError):
            continue
        if found:
            return found
    return f"{uuid.getnode():012x}"


def _is_known(name: str) -> bool:
    """Whether it is a time zone's name; one that has no such form (``CET-1CEST``) is none."""
    # Imported here: few systems say their time zone in the environment.
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True


def _offset() -> str:
    from datetime import UTC, datetime

    offset = datetime.now(UTC).astimezone().isoformat()[-6:]
    return "UTC" if offset == "+00:00" else f"UTC{offset}"


def time_zone() -> str:
    """The IANA name of the local time zone, ``UTC`` when the system does not tell.

    Without a name, as for ``TZ=<+0330>-3:30``, it is the offset: ``UTC+03:30``.
    """
    named = os.environ.get("TZ", "").removeprefix(":")
    if named and not named.startswith("/"):
        return named if _is_known(named) else _offset()
    target = os.path.realpath("/etc/localtime")
    _, zoneinfo, name = target.partition("/zoneinfo/")
    if zoneinfo:
        return name.removeprefix("posix/")
    # Imported here: only systems that keep the name elsewhere (Windows) need it.
    import tzlocal

    try:
        return str(tzlocal.get_localzone_name())
    except Exception:  # whatever a misconfigured system makes it raise
        return "UTC"
