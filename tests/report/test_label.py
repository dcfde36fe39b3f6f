"""Labels in ZPL: values are letters whatever they hold, and a template that could not be filled safely is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.report.event import RunStarted, Stamped
from sequencer.report.fold import fold
from sequencer.report.label import NoLabel, check_template, is_wanted, label
from sequencer.report.model import RunReport
from sequencer.vocabulary.status import Status
from tests.effort import examples

TEMPLATE = "^XA^FO1,1^A0N,40^FD{{serial_number}}^FS^FO1,9^BQN,2,6^FDQA,{{ info.code }}^FS^XZ"


def report_of(serial: str, status: Status = "passed") -> RunReport:
    started = RunStarted(
        "r", {"name": "Board", "version": "1.0", "file": "s.yaml", "sha256": "ab"}, [], "0.1.0", {"name": "bench"}, {}
    )
    report = fold([Stamped(1, 100.0, started)], aborted=True)
    report["status"], report["aborted"] = status, False
    report["dut"] = {"serial_number": serial, "info": {"code": 7}}
    return report


def printed(zpl: bytes) -> list[str]:
    """What a printer takes for the data of fields, after ``^FH``."""
    fields = re.findall(rb"\^FH_\^FD([^^~]*)\^FS", zpl)
    return [re.sub(rb"_([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), one).decode() for one in fields]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@settings(max_examples=examples(60), deadline=None)
def test_any_text_is_printed_as_it_is_and_never_a_command(serial: str) -> None:
    """The printer's commands are those of the template, and its fields have the serial number letter for letter."""
    zpl = label(TEMPLATE, report_of(serial))
    assert re.findall(rb"[\^~][A-Z@][A-Z0-9@]", zpl) == re.findall(
        rb"[\^~][A-Z@][A-Z0-9@]", label(TEMPLATE, report_of("SN1"))
    )
    assert printed(zpl) == [serial, "QA,7"]
    assert not re.search(rb"[\x00-\x1f\x7f-\xff]", zpl)


def scanned(field: str) -> str:
    """What a Code 128 in subset B holds, by the table of invocation codes in the manual; start codes are none of it."""
    signs = {">0": ">", "><": "^", ">=": "~", ">:": ""}
    assert not re.search(r"[\^~]", field), "a Code 128 has these by invocation codes only"
    return re.sub(">.", lambda found: signs[found[0]], field)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
@settings(max_examples=examples(40), deadline=None)
def test_a_code_128_holds_the_value_whatever_it_is(serial: str) -> None:
    """`>` begins an invocation code there, in the template too; not in mode A, in text and in other bar codes."""
    template = (
        "^XA^BY2^FO1,1^BCN,80,Y,N,N^FD>:{{serial_number}}^FS^FO1,9^bcR^FD{{serial_number}}^fs"
        "^BCN,80,Y,N,N,A^FD{{serial_number}}^FS^A0N,40^FD{{serial_number}}^FS^B3^FD{{serial_number}}^FS^XZ"
    )
    started, plain, *others = printed(label(template.replace("^fs", "^FS"), report_of(serial)))
    assert started.startswith(">:")
    assert [scanned(started), scanned(plain), *others] == [serial] * 5


def test_invocation_codes_of_a_code_128_are_those_of_the_manual() -> None:
    """Each has its decimal value of subset B: 30, 62 and 94."""
    zpl = label("^XA^BCN,80^FD{{serial_number}}^FS^XZ", report_of(">8^~<"))
    assert printed(zpl) == [">08><>=<"]


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{serial_number}}", "label_no_zpl"),
        ("^XA^FO{{serial_number}}^FDx^FS^XZ", "label_outside"),
        ("^XA^FD{{serial_number}}^XZ", "label_outside"),
        ("^XA^FH^FD{{serial_number}}^FS^XZ", "label_forbidden"),
        ("^XA^CC/^FD{{serial_number}}^FS^XZ", "label_forbidden"),
        ("^XA^FD{{serial}}^FS^XZ", "label_unknown"),
        ("^XA^FD{{serial number}}^FS^XZ", "label_unknown"),
        ("^XA^FD{{serial_number^FS^XZ", "label_unknown"),
        ("^XA^FD{{param.lot^FS\n^XZ\n", "label_unknown"),
        ("^XA^FD{{serial_number}} {{info.lot^FS\n^XZ\n", "label_unknown"),
        ("^XA^FD{{info.lot number}}^FS^XZ", "label_unknown"),
        ("^XA^FD{{info.a}b}}^FS^XZ", "label_unknown"),
        ("^XA^FD{{param.}}^FS^XZ", "label_unknown"),
    ],
)
def test_a_template_that_is_not_safe_is_refused(template: str, code: str) -> None:
    """Values outside of fields, own hexadecimal signs, other signs and unknown names are told before any run."""
    with pytest.raises(NoLabel) as refused:
        check_template(template)
    assert refused.value.reason.code == code


def test_a_label_without_its_value_is_not_printed() -> None:
    """An empty serial number gives no label: it would stick on some unit all the same."""
    with pytest.raises(NoLabel, match="the run has no serial_number"):
        label(TEMPLATE, report_of(""))


def test_only_evidence_earns_a_label() -> None:
    """A whole, real run that passed; not one of chosen cases, a simulated, debugged, failed or aborted one."""
    assert is_wanted(report_of("SN1"))
    assert not is_wanted(report_of("SN1", "failed"))
    partial, simulated, debugged, aborted = (report_of("SN1") for _ in range(4))
    partial["selection"] = ["a::b"]
    simulated["simulated"] = debugged["debugged"] = aborted["aborted"] = True
    assert not any(map(is_wanted, (partial, simulated, debugged, aborted)))
    for unearned in (report_of("SN1", "failed"), partial, simulated, debugged, aborted):
        with pytest.raises(NoLabel) as refused:
            label(TEMPLATE, unearned)
        assert refused.value.reason.code == "label_not_passed"
    assert printed(label("^XA^FD{{verdict}}^FS^XZ", report_of("SN1", "failed"))) == ["FAIL"]
