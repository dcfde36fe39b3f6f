"""Formats of a report that come with other packages."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from sequencer.cli.main import command_line
from sequencer.report.exports import exports
from sequencer.report.exports.pdf import is_installed
from sequencer.vocabulary.extension import UnusableExtension
from tests.extensions.conftest import Install
from tests.report.test_exports import report_of

GOOD = """
from sequencer.report.exports.base import Export
EXPORT = Export(name="ids", label="Ids", media_type="text/plain", suffix="ids.txt", write=lambda report: report["id"])
"""
OWN = ["json", "csv", "html", *(["pdf"] if is_installed() else []), "junit", "standcloud"]
ENTRY = "[hardseq.exports]\nids = ids_export:EXPORT\n"


def test_a_package_adds_a_format(install: Install) -> None:
    """An announced format is among the others, after hardseq's own, and writes the report."""
    install("hardseq-ids", "1.0", ENTRY, ids_export=GOOD)
    assert list(exports()) == [*OWN, "ids"]
    assert exports()["ids"].bytes_of(report_of()) == b"run-1"


def test_bytes_stay_bytes(install: Install) -> None:
    """A format may be binary."""
    install("hardseq-ids", "1.0", ENTRY, ids_export=GOOD.replace('report["id"]', "b'\\xff\\x00'"))
    assert exports()["ids"].bytes_of(report_of()) == b"\xff\x00"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module_here", "ModuleNotFoundError: No module named 'no_such_module_here' (ids_export.py:1)"),
        ("x = (", "SyntaxError: "),
        ("raise SystemExit('told you')", "SystemExit: told you"),
        ("", "AttributeError: module 'ids_export' has no attribute 'EXPORT'"),
        ("EXPORT = len", "it is 'builtin_function_or_method' and not an `Export`"),
        (GOOD.replace('"ids"', '"other"'), "its entry point has another name than the export itself, 'other'"),
        (GOOD.replace('"ids"', '"Ids !"'), "its name cannot be 'Ids !'"),
        (GOOD.replace('"ids.txt"', '"../../x"'), "its suffix cannot be '../../x'"),
        (GOOD.replace('"text/plain"', '"text/html\\r\\nX: y"'), "its media_type cannot be 'text/html\\r\\nX: y'"),
        (GOOD.replace('"Ids"', '" "'), "it has no label to show"),
        (GOOD.replace('lambda report: report["id"]', "5"), "its `write` cannot be called"),
        (GOOD.replace("write=", "interface=2, write="), "it is written for interface 2; this hardseq has 1"),
        (GOOD.replace("write=", "colour=2, write="), "TypeError: "),
    ],
)
def test_an_export_that_cannot_be_used_says_why(source: str, reason: str, install: Install) -> None:
    """Whatever is wrong with a package is one sentence that names it with its version; all other formats stay."""
    install("hardseq-ids", "1.2", ENTRY, ids_export=source)
    with pytest.raises(UnusableExtension) as raised:
        exports()["ids"]
    assert str(raised.value).startswith("`ids` of the package hardseq-ids 1.2 cannot be used: ")
    assert reason in str(raised.value)
    usable, reasons = exports().all_usable()
    assert list(usable) == OWN
    assert list(map(str, reasons)) == [str(raised.value)]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ('report["no such key"]', "KeyError: 'no such key' (ids_export.py:3)"),
        ("5", "it gave 'int' instead of a string or bytes"),
        ("exit('enough')", "SystemExit: enough (ids_export.py:3)"),
    ],
)
def test_an_export_that_fails_names_its_package(written: str, reason: str, install: Install) -> None:
    """What a package's code raises while it writes is a sentence with its package, not a traceback."""
    install("hardseq-ids", "1.2", ENTRY, ids_export=GOOD.replace('report["id"]', written))
    with pytest.raises(UnusableExtension) as raised:
        exports()["ids"].bytes_of(report_of())
    assert str(raised.value) == f"the export `ids` of the package hardseq-ids 1.2 failed: {reason}"


def test_two_packages_with_the_same_format(install: Install) -> None:
    """Neither is used, and both are named."""
    install("hardseq-a", "1.0", ENTRY, ids_export=GOOD)
    install("hardseq-b", "2.0", ENTRY)
    with pytest.raises(UnusableExtension) as raised:
        exports()["ids"]
    both = "the package hardseq-a 1.0 and the package hardseq-b 2.0"
    assert str(raised.value) == f"`ids` is not clear: {both} have an export of that name"


def test_no_package_replaces_a_format_of_hardseq(install: Install) -> None:
    """`json` stays hardseq's own whatever is installed, and what a package offers under that name is told."""
    install("hardseq-a", "1.0", "[hardseq.exports]\njson = nowhere\n")
    assert exports()["json"].label == "JSON"
    (reason,) = exports().all_usable()[1]
    assert (
        str(reason) == "`json` is not clear: hardseq itself and the package hardseq-a 1.0 have an export of that name"
    )


@pytest.mark.parametrize(
    "entries", ["[hardseq.exports]\nids", "[hardseq.exports]\nids = not a name", "[hardseq.exports]\nids = :x"]
)
def test_a_malformed_entry_is_told_as_well(entries: str, install: Install) -> None:
    """A broken file of entry points breaks nothing but its own entries."""
    install("hardseq-ids", "1.0", entries)
    with pytest.raises(UnusableExtension, match=r"is not of the form `package\.module:name`"):
        exports()["ids"]


def test_a_damaged_installation_announces_nothing_else(install: Install) -> None:
    """A package whose metadata is gone is named as far as it is known."""
    info = install("hardseq-ids", "1.0", "[hardseq.exports]\nids = nowhere_at_all")
    (info / "METADATA").write_text("", "utf-8")
    with pytest.raises(UnusableExtension, match="of the package without a name of unknown version cannot be used"):
        exports()["ids"]


def test_the_help_of_export_names_it(install: Install) -> None:
    """`hardseq runs export --help` lists the formats that are installed; one that is unknown is refused with them."""
    install("hardseq-ids", "1.0", ENTRY, ids_export=GOOD)
    help_text = CliRunner().invoke(command_line, ["runs", "export", "--help"]).output
    assert f"{', '.join(OWN)}, ids; default: json." in " ".join(help_text.split())
