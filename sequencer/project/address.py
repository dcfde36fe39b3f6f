"""Addresses: from ``[stand_cloud] address`` to the base of the calls, and which hosts are this machine. Pure."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

PATH = "/hardpy/api/v1"

PASSWORD_IN_ADDRESS = "in a password write / as %2F, ? as %3F, # as %23 and @ as %40"

_HOST = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?$"
_PATH = r"^[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$"


class InsecureAddress(UnusableValue):
    """The address would send the API key unprotected."""


def base_address(address: str) -> str:
    """The base of all calls, without a slash at its end.

    A bare ``host[:port]`` becomes ``https://host[:port]/hardpy/api/v1``. With a scheme the address is taken as
    written; only a path that is missing is added. Raises ``UnusableValue`` for an address that cannot be one, or that
    would send the key unprotected: ``http`` is for loopback alone.
    """
    written = address.strip()
    if "://" not in written:
        parts = _split(f"https://{written}", written)
        path = parts.path.rstrip("/") + PATH
    else:
        parts = _split(written, written)
        path = parts.path.rstrip("/") or PATH
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise InsecureAddress(Reason("address_unprotected", found=repr(written)))
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_loopback(host: str) -> bool:
    """Whether ``host``, an IPv6 address in brackets or not, is this machine itself, which nobody else can reach."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def split_address(url: str) -> SplitResult | None:
    """The parts of an address that may hold user and password; ``None`` where it is none.

    Why it is none is not told: what Python takes for a wrong port, a host or a path may be a password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return None if "@" in parts.path + parts.query + parts.fragment else parts


def _split(url: str, written: str) -> SplitResult:
    if "@" in url:
        # Whatever stands before the @ may be a password: it is not repeated here.
        raise UnusableValue(Reason("address_with_password"))
    wrong = UnusableValue(Reason("not_an_address", found=repr(written)))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    acceptable = (
        parts.scheme in ("http", "https")
        and host is not None
        and _is_host(host)
        and port != 0
        and not parts.query
        and not parts.fragment
        and re.match(_PATH, parts.path)
        and not set(written) & set("?#\\")
        and written.isprintable()
    )
    if not acceptable:
        raise wrong
    return parts


def _is_host(host: str) -> bool:
    if ":" not in host:
        return re.match(_HOST, host) is not None
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
