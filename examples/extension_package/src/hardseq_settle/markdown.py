"""``markdown``: the verdict and the measurements as a table, to paste into an issue or a chat."""

from sequencer.extension import Export, RunReport


def to_markdown(report: RunReport) -> str:
    """One row per measurement of the last attempt of each case."""
    serial = report["dut"].get("serial_number")
    lines = [
        f"# {_cell(report['sequence']['name'])}: {report['status']}",
        "",
        *([f"Serial number: {_cell(serial)}", ""] if serial else []),
        "| case | measurement | value | unit | result |",
        "| --- | --- | --- | --- | --- |",
    ]
    for module in report["modules"]:
        for case in module["cases"]:
            for measurement in case["attempts"][-1]["measurements"] if case["attempts"] else ():
                result = {True: "passed", False: "**failed**", None: ""}[measurement["result"]]
                cells = (
                    f"{module['id']}::{case['id']}",
                    measurement["name"],
                    measurement["value"],
                    measurement["unit"],
                )
                lines.append(f"| {' | '.join(map(_cell, cells))} | {result} |")
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    """On one line, and nothing in it ends the cell."""
    return "" if value is None else " ".join(str(value).replace("\\", "\\\\").replace("|", "\\|").split())


EXPORT = Export(name="markdown", label="Markdown", media_type="text/markdown", suffix="md", write=to_markdown)
