"""What a factory's CouchDB needs so that stands copy their runs into it and people read them; an administrator's work.

Doing it again changes nothing that is there, and adds what is missing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sequencer.store.couchdb.client import CouchClient, CouchDocument, DocumentConflict, DocumentNotFound
from sequencer.store.couchdb.design import READER, create_live_database, protect
from sequencer.store.couchdb.store import CouchStore

STAND = "hardseq-stand"
"""The role of the accounts of stands, which may add runs and change none."""
_USERS = "_users"


class Account(NamedTuple):
    """Of a stand or a reader, by its ``role``. ``password`` is that of a new one; ``None``: it was there, and stays."""

    name: str
    role: str
    password: str | None


def new_password() -> str:
    """One that nobody guesses: 24 letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(18)


def set_up_factory(
    couch: CouchClient,
    name: str,
    stands: Sequence[str] = (),
    readers: Sequence[str] = (),
    password: Callable[[], str] = new_password,
) -> list[Account]:
    """Makes the databases ``name`` of the factory with their views and rules, and an account for each stand and reader.

    Raises :class:`StoreUnavailable`, also where the user of ``couch`` is no administrator.
    """
    store = CouchStore(couch, name)
    store.check()
    store.prepare()
    create_live_database(couch, f"{name}_live")
    protect(couch, f"{name}_live")
    for database in (name, f"{name}_live"):
        _let_in(couch, database)
    accounts = [(each, STAND) for each in stands] + [(each, READER) for each in readers]
    return [_account(couch, each, role, password) for each, role in accounts]


def _let_in(couch: CouchClient, database: str) -> None:
    """Both roles are members beside whoever is one; a new database is for administrators alone."""
    security = couch.get(database, "_security") or {}
    members, admins = security.get("members") or {}, security.get("admins") or {}
    wanted = {
        "members": {**members, "roles": _with(members, STAND, READER)},
        "admins": {**admins, "roles": _with(admins, "_admin")},
    }
    if security != wanted:
        couch.put(database, "_security", body=wanted)


def _with(group: Mapping[str, Sequence[str]], *roles: str) -> list[str]:
    present = list(group.get("roles") or ())
    return present + [role for role in roles if role not in present]


def _account(couch: CouchClient, name: str, role: str, password: Callable[[], str]) -> Account:
    identity = f"org.couchdb.user:{name}"
    while True:
        try:
            stored: CouchDocument | None = couch.get(_USERS, identity)
        except DocumentNotFound:
            stored = None
        made = password() if stored is None else None
        new = {"name": name, "password": made, "type": "user", "roles": [role]}
        wanted = new if stored is None else {**stored, "roles": _with(stored, role)}
        try:
            if wanted != stored:
                couch.put(_USERS, identity, body=wanted)
            return Account(name, role, made)
        except DocumentConflict:  # another administrator was faster
            continue
