"""``junit``: JUnit XML as CI servers read it (Jenkins, GitLab, GitHub actions): a suite per module, a test per case."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from sequencer.report.exports.words import duration, limits_in_words, printable, shown
from sequencer.report.model import CaseReport, FailureReport, ModuleReport, RunReport
from sequencer.report.outcome import verdict_word
from sequencer.vocabulary.status import Status
from sequencer.vocabulary.times import moment

_ELEMENTS: dict[Status, str] = {"failed": "failure", "skipped": "skipped", "passed": ""}


def to_junit(report: RunReport) -> str:
    """The run as one XML document. A run that did not pass has at least one test that did not."""
    root = ElementTree.Element("testsuites", name=printable(report["sequence"]["name"]))
    for module in report["modules"]:
        _suite(root, report, module)
    bad = any(test.find("failure") is not None or test.find("error") is not None for test in root.iter("testcase"))
    if report["failures"] or (report["status"] != "passed" and not bad):
        _run_suite(root, report)
    _count(root, list(root.iter("testcase")), duration(report["start_time"], report["stop_time"]))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, report: RunReport, module: ModuleReport) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=printable(module["name"]), id=printable(module["id"]))
    if module["start_time"] is not None:
        suite.set("timestamp", moment(module["start_time"]))
    host = report["host"].get("name")
    if isinstance(host, str):
        suite.set("hostname", printable(host))
    _properties(suite, report)
    for case in module["cases"]:
        _test(suite, report, module, case)
    _count(suite, list(suite.iter("testcase")), duration(module["start_time"], module["stop_time"]))


def _properties(suite: ElementTree.Element, report: RunReport) -> None:
    facts = {
        "run": report["id"],
        "sequence_version": report["sequence"]["version"],
        "dut_serial_number": report["dut"].get("serial_number"),
        "dut_part_number": report["dut"].get("part_number"),
        "stand": report["stand"].get("name"),
        "variant": report.get("variant"),
        "slot": report["slot"]["name"] if "slot" in report else None,
        "start": report["start"]["id"] if "start" in report else None,
    }
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in facts.items():
        if value:
            ElementTree.SubElement(properties, "property", name=name, value=printable(value))


def _test(suite: ElementTree.Element, report: RunReport, module: ModuleReport, case: CaseReport) -> None:
    test = ElementTree.SubElement(
        suite,
        "testcase",
        classname=printable(f"{report['sequence']['name']}.{module['id']}"),
        name=printable(f"{case['id']}: {case['name']}" if case["name"] != case["id"] else case["id"]),
        time=f"{duration(case['start_time'], case['stop_time']):.3f}",
    )
    failures = case["attempts"][-1]["failures"] if case["attempts"] else []
    _outcome(test, case["status"], failures, case["reason"])
    output = "\n".join(_lines(case))
    if output:
        ElementTree.SubElement(test, "system-out").text = printable(output)


def _outcome(
    test: ElementTree.Element, status: Status, failures: list[FailureReport], reason: str | None = None
) -> None:
    """What did not pass is a failure of the product, or an error: of the test, by a stop, or because nobody knows."""
    element = _ELEMENTS.get(status, "error")
    if not element:
        return
    first = failures[0] if failures else None
    message = (first["message"] if first else reason) or status
    child = ElementTree.SubElement(test, element, message=printable(message))
    if element != "skipped":
        child.set("type", first["kind"] if first else status)
        child.text = printable("\n".join(_failure_text(failure) for failure in failures))


def _failure_text(failure: FailureReport) -> str:
    parts = [failure["message"] if failure["place"] is None else f"{failure['place']}: {failure['message']}"]
    if failure["error_code"] is not None:
        parts.append(f"error code {failure['error_code']}")
    if failure["call"]:
        parts.append(f"in {failure['call']}")
    if failure["traceback"]:
        parts.append(failure["traceback"])
    return "\n".join(parts)


def _lines(case: CaseReport) -> Iterable[str]:
    for attempt in case["attempts"]:
        if len(case["attempts"]) > 1:
            yield f"attempt {attempt['number']}: {attempt['status']}"
        yield from attempt["messages"].values()
        for measurement in attempt["measurements"]:
            result = {True: "passed", False: "FAILED", None: "no limits"}[measurement["result"]]
            if measurement.get("superseded"):
                result = "tried again"
            limits = limits_in_words(measurement)
            words = f", {limits}" if limits else ""
            yield f"{measurement['name']} = {shown(measurement)} ({result}{words})"


def _run_suite(root: ElementTree.Element, report: RunReport) -> None:
    """The run itself as a test: for failures outside of all cases, and for a run that passed nothing."""
    suite = ElementTree.SubElement(root, "testsuite", name="run")
    test = ElementTree.SubElement(suite, "testcase", classname=printable(report["sequence"]["name"]), name="run")
    # Whatever the run's own status is called, a CI server is to see it in red.
    _outcome(
        test, "error", report["failures"], report["stop_reason"] or f"the verdict of the run is {verdict_word(report)}"
    )
    _count(suite, [test], 0.0)


def _count(element: ElementTree.Element, tests: list[ElementTree.Element], seconds: float) -> None:
    element.set("tests", str(len(tests)))
    for attribute, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(test.find(child) is not None for test in tests)))
    element.set("time", f"{seconds:.3f}")
