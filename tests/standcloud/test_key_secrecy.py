"""The API key is in the request to StandCloud and nowhere else."""

from __future__ import annotations

import ctypes
import logging
import pickle
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.settings import Secret
from sequencer.report.model import RunReport
from sequencer.standcloud.client import StandCloud
from sequencer.standcloud.job import SendOutcome, drain
from sequencer.standcloud.outbox import Outbox
from sequencer.standcloud.targets import stand_cloud_target


def told(error: BaseException) -> str:
    """Everything a debugger or a rich traceback could show of an exception: chain, frames, their variables."""
    shown: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        shown += traceback.TracebackException.from_exception(one, capture_locals=True).format()
        shown += [repr(vars(one)), repr(one.args)]
    # The frames of this file know the key, since they are the test.
    return "".join(line for line in shown if "test_key_secrecy" not in line)


@pytest.mark.parametrize("wrong", ["two words", "line\nbreak", " padded", "schlüssel", "\x00\x01", ""])
def test_an_unusable_key_is_refused_without_being_shown(wrong: str) -> None:
    """What could split a header is refused at once; neither message nor traceback shows it."""
    with pytest.raises(ValueError, match="API key must be one word") as refused:
        StandCloud("standcloud.io", Secret(wrong))
    assert not wrong or wrong not in told(refused.value)


def test_no_form_of_the_client_shows_the_key(key: Secret) -> None:
    """repr, str, format, the attributes and a pickle of the client keep it."""
    client = StandCloud("https://standcloud.io", key)
    shown = [
        repr(client),
        str(client),
        f"{client}",
        repr(vars(client)),
        repr(stand_cloud_target(client, automatic=True)),
    ]
    assert not any(key.reveal() in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(client)


def test_an_answer_that_repeats_the_key_is_cleaned(serve: Callable[..., Any], key: Secret) -> None:
    """A server that echoes the request's headers puts the key into no text of ours."""
    body = f"unknown token {key.reveal()}, again: Bearer {key.reveal()}".encode()
    server = serve(b"HTTP/1.1 422 Wrong\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
        delivery = client.send({"id": "1"})
        health = client.health()
    assert delivery.text == "unknown token ***, again: Bearer ***"
    assert key.reveal() not in health.text
    assert f"Authorization: Bearer {key.reveal()}".encode() in server.received[0]


def test_an_interruption_in_the_middle_of_a_request_carries_no_key(serve: Callable[..., Any], key: Secret) -> None:
    """A timeout raised into a waiting request leaves with no frame and no context that knows the headers."""
    asked, interrupted = threading.Event(), threading.Event()
    caught: list[BaseException] = []

    def answer() -> Iterator[bytes]:
        asked.set()
        interrupted.wait(30)
        yield b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"

    server = serve(answer())

    class Interruption(BaseException):
        """As the runtime raises into a step."""

    def ask() -> None:
        try:
            with StandCloud(f"http://127.0.0.1:{server.port}", key) as client:
                client.send({"id": "1"})
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(30)
    raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Interruption)
    )
    interrupted.set()
    thread.join()
    assert raised == 1
    assert isinstance(caught[0], Interruption)
    assert key.reveal() not in told(caught[0])
    assert "Bearer" not in told(caught[0])


def test_neither_log_nor_database_learns_the_key(
    standin: Any,
    key: Secret,
    report: Callable[..., RunReport],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Through success, silence, refusal and parking, with every logger at DEBUG, the key is in no byte that is kept."""
    caplog.set_level(logging.DEBUG)
    outbox = Outbox(tmp_path / "hardseq.sqlite3")
    client = StandCloud(standin.address, key)
    target = stand_cloud_target(client, automatic=True)
    said: list[str] = []

    def keep(outcome: SendOutcome) -> None:
        said.append(repr(outcome))

    for fault in ({}, {"drop": "before"}, {"status": 422}, {"status": 500}, {"status": 401}):
        standin.behave()
        if fault:
            standin.fail(**fault, text=f"you sent {key.reveal()}")
        run = report()
        outbox.put(run["id"], target.name, run)
        said += [repr(drain(outbox, target, progress=keep))]
    said += [repr(outbox.entries(target.name)), repr(outbox.block_of(target)), repr(outbox.counts(target.name))]
    client.close()
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    outbox.close()
    files += b"".join(file.read_bytes() for file in tmp_path.iterdir())
    output = capfd.readouterr()
    everything = "".join([*said, caplog.text, repr(caplog.records), output.out, output.err])
    assert key.reveal() not in everything
    assert key.reveal().encode() not in files
    assert "you sent ***" in everything
