"""Who may use a stand: the users with their roles, and the file that holds them.

The file is TOML, written by ``hardseq users``: a salt for badges, then ``[[users]]`` with ``name``, ``role`` and what
each logs in with. PINs and badges are kept as scrypt hashes (RFC 7914), since they can be guessed; a token is 256
random bits, of which the SHA-256 is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Literal, TypeVar

from sequencer.project.locks import ProcessLock, described
from sequencer.project.private_file import write_private
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import ReasonedError
from sequencer.vocabulary.reason import Reason

Role = Literal["operator", "engineer", "manager"]
ROLES: tuple[Role, ...] = ("operator", "engineer", "manager")
"""Each may do what those before it may."""
USERS_FILE = "users.toml"
SHORTEST_PIN = 4
SHORTEST_BADGE = 4
LONGEST_NAME = 100
COST = 14, 8, 5
"""Of scrypt: the binary logarithm of N, r and p, as OWASP's Password Storage Cheat Sheet has them for 16 MiB."""
_HIGHEST_COST = 17, 16, 16
_LOCK_SECONDS = 10.0
_LARGEST = 4 * 1024 * 1024

Result = TypeVar("Result")


class UsersUnusable(ReasonedError):
    """The file with the users cannot be used: nobody can log in until that is mended."""


class UserRefused(ValueError):
    """A user cannot be added or changed like this; the text says why."""


@dataclass(frozen=True, slots=True)
class User:
    """One person. ``pin``, ``badge`` and ``token`` are hashes; ``""``: the user has none."""

    name: str
    role: Role
    pin: str = ""
    badge: str = ""
    token: str = ""

    def has_pin(self, typed: str) -> bool:
        """Whether ``typed`` is the user's PIN."""
        return _is_hashed(typed.strip(), self.pin or _NOBODY) and bool(self.pin)


@dataclass(frozen=True, slots=True)
class Users:
    """Everybody who may log in. ``salt`` is that of all badges, so that one hash finds whose badge was scanned."""

    salt: str
    users: tuple[User, ...] = ()

    def named(self, name: str) -> User | None:
        """The user of this name; capital letters and small ones are the same."""
        return next((user for user in self.users if user.name.casefold() == name.strip().casefold()), None)

    def with_pin(self, name: str, pin: str) -> User | None:
        """The user with this name and PIN. Takes as long for a name that does not exist."""
        user = self.named(name)
        right = (user or User("", "operator")).has_pin(pin)
        return user if right else None

    def with_badge(self, scanned: str) -> User | None:
        """The user whose badge was scanned."""
        scanned = scanned.strip()
        return self._with("badge", self._badge_hash(scanned)) if len(scanned) >= SHORTEST_BADGE else None

    def with_token(self, token: str) -> User | None:
        """The user with this token."""
        return self._with("token", token_hash(token))

    def _with(self, kind: Literal["badge", "token"], hashed: str) -> User | None:
        # Each is compared, so that the time taken does not tell which one was nearly right.
        found = [user for user in self.users if hmac.compare_digest(_of(user, kind).encode(), hashed.encode())]
        return found[0] if found else None

    def put(self, user: User) -> Users:
        """With ``user`` instead of the one of the same name, or added. Raises ``UserRefused``."""
        if problem := name_problem(user.name):
            raise UserRefused(problem)
        others = tuple(other for other in self.users if other.name.casefold() != user.name.casefold())
        if user.badge and (owner := Users(self.salt, others)._with("badge", user.badge)):
            raise UserRefused(f"this badge is {owner.name}'s")
        return replace(self, users=tuple(sorted((*others, user), key=lambda one: one.name.casefold())))

    def without(self, name: str) -> Users:
        """Without the user of this name. Raises ``UserRefused`` when there is none."""
        user = self.named(name)
        if user is None:
            raise UserRefused(f"there is no user {name!r}")
        return replace(self, users=tuple(other for other in self.users if other is not user))

    def badge_hash(self, scanned: str) -> str:
        """What is kept of a badge. Raises ``UserRefused``."""
        if len(scanned.strip()) < SHORTEST_BADGE:
            raise UserRefused(f"a badge has {SHORTEST_BADGE} characters or more")
        return self._badge_hash(scanned.strip())

    def _badge_hash(self, scanned: str) -> str:
        # All badges cost what the first one does, so that one hash finds whose it is also after ``COST`` was raised.
        first = next((user.badge for user in self.users if user.badge), None)
        return _hashed(scanned, self.salt, COST if first is None else _cost(first))


def name_problem(name: str) -> str | None:
    """Why this cannot be a user's name, or ``None``."""
    if not name or name != name.strip() or not name.isprintable():
        return "a name is printable text without spaces at its ends"
    return f"a name has at most {LONGEST_NAME} characters" if len(name) > LONGEST_NAME else None


def pin_hash(pin: str) -> str:
    """What is kept of a PIN; spaces at its ends do not count. Raises ``UserRefused`` for one that is too short."""
    pin = pin.strip()
    if len(pin) < SHORTEST_PIN:
        raise UserRefused(f"a PIN has {SHORTEST_PIN} characters or more")
    return _hashed(pin, _salt(), COST)


def new_user_token() -> str:
    """A token for programs; it is shown once."""
    # Imported here: each run with a page loads this module, and makes no token.
    from secrets import token_urlsafe

    return f"hsq_{token_urlsafe(32)}"


def _salt() -> str:
    return os.urandom(16).hex()


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return f"sha256${hashlib.sha256(token.encode('utf-8', 'replace')).hexdigest()}"


_hashing = threading.Lock()


def _hashed(typed: str, salt: str, cost: tuple[int, int, int]) -> str:
    logarithm, r, p = cost
    # One at a time: each takes its memory, and many guesses at once must not take all of it.
    with _hashing:
        key = hashlib.scrypt(
            typed.encode("utf-8", "replace"),
            salt=salt.encode(),
            n=1 << logarithm,
            r=r,
            p=p,
            maxmem=2 * 128 * r * ((1 << logarithm) + p),
            dklen=32,
        )
    return f"scrypt${logarithm}${r}${p}${salt}${key.hex()}"


def _is_hashed(typed: str, known: str) -> bool:
    salt = known.split("$")[4]
    return hmac.compare_digest(_hashed(typed, salt, _cost(known)).encode(), known.encode())


def _cost(hashed: str) -> tuple[int, int, int]:
    _, logarithm, r, p, _, _ = hashed.split("$")
    return int(logarithm), int(r), int(p)


_NOBODY = f"scrypt${COST[0]}${COST[1]}${COST[2]}$nobody${'0' * 64}"


def _of(user: User, kind: Literal["badge", "token"]) -> str:
    return user.badge if kind == "badge" else user.token


class UsersFile:
    """The file at ``path``. ``required``: it must be there, since the configuration names it."""

    def __init__(self, path: Path, *, required: bool = False) -> None:
        self.path = path
        self._required = required
        self._lock = threading.Lock()
        self._mark: object = None
        self._read: Users | None = None

    @property
    def enabled(self) -> bool:
        """Whether people log in here at all."""
        return self._required or self.path.exists()

    def read(self) -> Users:
        """The users as the file has them now. Raises ``UsersUnusable``."""
        try:
            found = self.path.stat()
            mark = found.st_mtime_ns, found.st_size, found.st_ino
            with self._lock:
                if self._read is None or mark != self._mark:
                    self._read = parse_users(self.path.read_bytes()[: _LARGEST + 1])
                    self._mark = mark
                return self._read
        except FileNotFoundError:
            raise UsersUnusable(Reason("users_missing", file=self.path.name)) from None
        except OSError as error:
            raise UsersUnusable(Reason("users_not_read", file=self.path.name, detail=error.strerror)) from None
        except ValueError as error:
            raise UsersUnusable(Reason("users_unusable", file=self.path.name, detail=str(error))) from None

    def change(self, edit: Callable[[Users], Users]) -> Users:
        """Writes what ``edit`` makes of the users; commands that run at once wait for each other.

        Raises ``UserRefused``, ``UsersUnusable``, ``OSError``. The old file stays until the new one is whole.
        """
        with self._alone():
            users = edit(self.read() if self.path.exists() else Users(_salt()))
            write_private(self.path, written(users))
            return users

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = ProcessLock(self.path.with_name(f".{self.path.name}.lock"))
        deadline = time.monotonic() + _LOCK_SECONDS
        while (holder := lock.take()) is not None:
            if time.monotonic() > deadline:
                raise UserRefused(f"{self.path.name} is being changed by {described(holder)}")
            time.sleep(0.02)
        try:
            yield
        finally:
            lock.release()


_HASHES = {"pin": "scrypt$", "badge": "scrypt$", "token": "sha256$"}


def parse_users(data: bytes) -> Users:
    """The users of a file's bytes. Raises ``ValueError`` with what is wrong, which names no hash."""
    import tomllib

    if len(data) > _LARGEST:
        raise ValueError("it is too large")
    document = tomllib.loads(data.decode("utf-8-sig"))
    salt, found = document.get("salt"), document.get("users", [])
    if not isinstance(salt, str) or not salt or not isinstance(found, list) or set(document) - {"salt", "users"}:
        raise ValueError("it must have a salt and [[users]], nothing else")
    users = tuple(_user(entry, number) for number, entry in enumerate(found, 1))
    names = [user.name.casefold() for user in users]
    if len({*names}) != len(names):
        raise ValueError("a name is given twice")
    return Users(salt, users)


def _user(entry: object, number: int) -> User:
    known = [field.name for field in fields(User)]
    if not isinstance(entry, dict) or set(entry) - {*known} or not all(isinstance(one, str) for one in entry.values()):
        raise ValueError(f"user {number} must have strings, of {', '.join(known)}")
    name, role = entry.get("name", ""), next((role for role in ROLES if role == entry.get("role")), None)
    if problem := name_problem(name):
        raise ValueError(f"user {number}: {problem}")
    if role is None:
        raise ValueError(f"{name}: the role must be one of {', '.join(ROLES)}")
    for kind, beginning in _HASHES.items():
        if (hashed := entry.get(kind, "")) and not _is_hash(hashed, beginning):
            raise ValueError(f"{name}: {kind} is not a hash; `hardseq users change` sets it")
    return User(name, role, entry.get("pin", ""), entry.get("badge", ""), entry.get("token", ""))


def _is_hash(hashed: str, beginning: str) -> bool:
    if beginning == "sha256$":
        return hashed.startswith(beginning)
    kind, *cost, salt, key = hashed.split("$") if hashed.count("$") == 5 else ("",) * 6
    # What costs more than anybody asks for would stop the panel at each guess.
    bounded = all(one.isdecimal() and 1 <= int(one) <= most for one, most in zip(cost, _HIGHEST_COST, strict=True))
    return kind == "scrypt" and bounded and bool(salt) and len(key) == 64


def written(users: Users) -> str:
    """The text of the file."""
    lines = ["# Written by `hardseq users`. It holds hashes, no PINs; keep it out of version control all the same.\n"]
    lines.append(f"salt = {_toml(users.salt)}\n")
    for user in users.users:
        given = [(field.name, str(getattr(user, field.name))) for field in fields(User)]
        lines += ["\n[[users]]\n", *(f"{name} = {_toml(value)}\n" for name, value in given if value)]
    return "".join(lines)


def _toml(text: str) -> str:
    # The escapes of JSON's strings are TOML's as well.
    return json.dumps(text, ensure_ascii=False)
