"""The stand-in for StandCloud, as a user starts and steers it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.project.settings import Secret
from sequencer.report.model import RunReport
from sequencer.report.version1 import lower
from sequencer.standin.faults import Fault, FaultPlan, read_fault


def call(
    standin: Any, method: str, path: str, body: bytes | None = None, authorization: str | None = None
) -> tuple[int, Any]:
    """Status and JSON of the answer to one of StandCloud's calls."""
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization
    url = f"{standin.address}/hardpy/api/v1/{path}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"null")


@pytest.mark.parametrize("authorization", [None, "", "Bearer ", "Bearer wrong", "Basic {key}", "{key}"])
@pytest.mark.parametrize(("method", "path"), [("GET", "healthcheck"), ("POST", "test_report")])
def test_every_call_needs_the_key(standin: Any, key: Secret, method: str, path: str, authorization: str | None) -> None:
    """Without the key, with another, or with another scheme the answer is 401 and nothing is kept."""
    written = None if authorization is None else authorization.replace("{key}", key.reveal())
    status, _ = call(standin, method, path, b"{}" if method == "POST" else None, written)
    assert (status, standin.copies) == (401, {})


def test_with_the_key_it_is_healthy(standin: Any, key: Secret) -> None:
    """healthcheck answers exactly {}."""
    assert call(standin, "GET", "healthcheck", None, f"Bearer {key.reveal()}") == (200, {})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"'])
def test_what_is_no_report_is_a_bad_request(standin: Any, key: Secret, body: bytes) -> None:
    """A body that is no JSON object is answered with 400."""
    assert call(standin, "POST", "test_report", body, f"Bearer {key.reveal()}")[0] == 400


def test_a_report_is_held_to_the_format(standin: Any, key: Secret, report: Callable[..., RunReport]) -> None:
    """Unknown keys and missing keys at any level are refused with their place; the right report is kept, counted."""
    right = lower(report(), stand_cloud=True)
    wrong = json.loads(json.dumps(right))
    wrong["modules"]["main"]["cases"]["rail_0"]["mood"] = "good"
    del wrong["dut"]["info"]
    status, answer = call(standin, "POST", "test_report", json.dumps(wrong).encode(), f"Bearer {key.reveal()}")
    assert status == 422
    assert {tuple(each["loc"]) for each in answer["detail"]} == {("dut",), ("modules", "main", "cases", "rail_0")}
    for copies in (1, 2):
        status, answer = call(standin, "POST", "test_report", json.dumps(right).encode(), f"Bearer {key.reveal()}")
        assert (status, answer) == (201, {"id": right["id"], "copies": copies})


def test_without_a_key_of_its_own_it_takes_any(start_standin: Callable[..., Any]) -> None:
    """Started without --api-key it still wants one, but any."""
    standin = start_standin(key=None)
    assert call(standin, "GET", "healthcheck", None, "Bearer whatever")[0] == 200
    assert call(standin, "GET", "healthcheck")[0] == 401


def test_it_listens_on_this_machine_alone() -> None:
    """A host that others could reach is a usage error."""
    command = [sys.executable, "-m", "sequencer.standin", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "this machine alone" in done.stderr


def test_a_port_that_is_taken_is_said_plainly(standin: Any) -> None:
    """A second one on the same port is a usage error, not a traceback."""
    command = [sys.executable, "-m", "sequencer.standin", "--port", str(standin.port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "document",
    [None, [], {"statsu": 500}, {"status": 99}, {"status": True}, {"every": 0}, {"drop": "never"}, {"delay": "1 s"}],
)
def test_a_fault_that_means_nothing_is_refused(document: object) -> None:
    """Misspelt keys and impossible values are errors, so that no test waits for a fault that never comes."""
    with pytest.raises(ValueError, match=r"fault|unknown|must"):
        read_fault(document)


def test_a_fault_that_means_nothing_is_answered_with_400(standin: Any) -> None:
    """The control call says what is wrong."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        standin.fail(statsu=500)
    with refused.value as error:
        assert error.code == 400 and b"statsu" in error.read()


@given(
    st.dictionaries(
        st.sampled_from(["status", "drop", "delay", "every", "run", "x"]), st.none() | st.integers() | st.text()
    )
)
def test_any_document_is_a_fault_or_a_value_error(document: dict[str, object]) -> None:
    """Nothing that is sent to the control call breaks it."""
    try:
        fault = read_fault(document)
    except ValueError:
        return
    assert isinstance(fault, Fault)


def test_faults_count_what_they_met() -> None:
    """``every`` and ``times`` mean the requests that a fault applies to, the first fault that does wins."""
    plan = FaultPlan()
    plan.add(Fault(status=500, every=2, times=2))
    plan.add(Fault(status=503, run="a"))
    met = [plan.next("test_report", run) for run in ("a", "b", "b", "b", "a", "b")]
    assert [fault and fault.status for fault in met] == [503, 500, None, 500, 503, None]
    assert plan.next("healthcheck", None) is None
    plan.clear()
    assert plan.next("test_report", "a") is None
