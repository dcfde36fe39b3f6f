"""Users and passwords: a refused one is sent once, a locked account is told, and so is what a user may not do.

What is sent to a server that other tests use, too, has a user's name of its own: failures lock an account.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from sequencer.report.event import Stamped
from sequencer.report.model import RunReport
from sequencer.store.base import StoreError, StoreUnavailable
from sequencer.store.couchdb import login as couchdb_login
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.login import LoginRefused
from sequencer.store.couchdb.store import CouchStore

pytestmark = pytest.mark.slow

MakeReport = Callable[..., RunReport]


def add_user(couch: CouchClient, name: str, *, members_of: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> None:
    """A user whose password is ``pw``; ``members_of`` are databases that have no other members."""
    with suppress(StoreError):
        couch.put("_users")
    user = {"name": name, "password": "pw", "roles": list(roles), "type": "user"}
    couch.put("_users", f"org.couchdb.user:{name}", body=user)
    for database in members_of:
        members = {"members": {"names": [name], "roles": []}, "admins": {"names": [], "roles": ["_admin"]}}
        couch.put(database, "_security", body=members)


def test_a_wrong_password_is_sent_once(
    faulty: Any, couchdb_server: Any, database: str, report: MakeReport, stream: Callable[..., list[Stamped]]
) -> None:
    """Saving, asking, eight threads at once and the live state together make one request; each is told why."""
    store = CouchStore(CouchClient(faulty.url, user=database, password="wrong"), database)
    live = store.live_state()
    for stamped in stream("run-1"):
        live(stamped)
    calls = [lambda: store.save(report()), store.find, store.changes, store.check] * 2

    def error_of(call: Callable[[], object]) -> str:
        with pytest.raises(LoginRefused) as caught:
            call()
        return str(caught.value)

    with ThreadPoolExecutor(len(calls)) as pool:
        told = set(pool.map(error_of, calls))
    live.close(10)
    assert len(faulty.requests) == 1
    assert all("or the password (401); CouchDB may lock the account for five minutes" in text for text in told)
    store.close()


def test_a_mended_password_is_tried_at_once(couchdb_server: Any, database: str, report: MakeReport) -> None:
    """The refusal belongs to the password that was refused."""
    wrong = CouchStore(
        couchdb_server.connect(user=database, password="wrong"), database, version_1=f"{database}_report"
    )
    with pytest.raises(LoginRefused):
        wrong.save(report())
    right = CouchStore(couchdb_server.connect(), database, version_1=f"{database}_report")
    right.save(report())
    for store in (wrong, right):
        store.close()


def test_a_password_is_tried_again_after_the_time_of_a_lock(
    faulty: Any, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A panel that is open for days sends again what waits, once an administrator has mended the account."""
    couch = CouchClient(faulty.url, user=database, password="wrong")
    monkeypatch.setattr(couchdb_login, "LOCK_SECONDS", 0.0)
    for _ in range(2):
        with pytest.raises(LoginRefused):
            couch.get("runs")
    assert len(faulty.requests) == 2
    couch.close()


def test_a_locked_account_is_told(start_server: Any) -> None:
    """After five failures the right password is refused, too, and the text says that it is the lock."""
    with start_server() as server:
        for number in range(5):
            couch = server.connect(password=f"wrong {number}")
            with pytest.raises(LoginRefused):
                couch.get("runs")
            couch.close()
        couch = server.connect()
        with pytest.raises(LoginRefused, match="has locked the account of user 'admin'"):
            couch.get("runs")
        couch.close()


def test_a_server_that_answers_nobody_is_asked_once_by_threads_that_come_together(faulty: Any) -> None:
    """Waiting for another one's first answer costs no more time than one request does."""
    faulty.always = "mute"
    couch = CouchClient(faulty.url, user="somebody", password="pw", timeout=0.5)
    together = threading.Barrier(4)

    def ask(_: int) -> str:
        together.wait(10)
        with pytest.raises(StoreUnavailable) as caught:
            couch.get("runs")
        return str(caught.value)

    with ThreadPoolExecutor(4) as pool:
        assert all("timed out" in text for text in pool.map(ask, range(4)))
    faulty.released.set()
    couch.close()


def test_a_member_is_told_which_database_is_missing(start_server: Any, report: MakeReport) -> None:
    """The password is right: what is missing is an administrator who makes the database."""
    with start_server() as server:
        admin = server.connect()
        add_user(admin, "mem")
        store = CouchStore(server.connect(user="mem", password="pw"), "runs")
        with pytest.raises(StoreUnavailable, match="the database 'runs' is missing and cannot be created") as caught:
            store.save(report())
        assert "password" not in str(caught.value)
        assert not isinstance(caught.value, LoginRefused)
        for couch in (admin, store):
            couch.close()


def test_a_user_is_told_which_database_is_closed_to_him(start_server: Any, report: MakeReport) -> None:
    """Of the three databases the text names the one that nobody made him a member of."""
    with start_server() as server:
        admin = server.connect()
        CouchStore(admin, "runs").prepare()
        add_user(admin, "mem", members_of=("runs",))
        store = CouchStore(server.connect(user="mem", password="pw"), "runs")
        with pytest.raises(StoreUnavailable, match="user 'mem' in the database 'report' \\(403\\)"):
            store.save(report())
        for couch in (admin, store):
            couch.close()


def test_the_database_of_live_states_is_made_with_the_others(
    couchdb_server: Any, database: str, report: MakeReport
) -> None:
    """A stand whose user is a member only finds it, as an administrator made it together with the reports' own."""
    couch = couchdb_server.connect()
    CouchStore(couch, database, version_1=f"{database}_report").save(report())
    assert couch.get(f"{database}_live")["db_name"] == f"{database}_live"
    couch.close()
