"""Labels of units: the project's template, filled from a stored report, to the stand's printer."""

from __future__ import annotations

from sequencer.project.label_printer import print_label
from sequencer.project.project_folder import Project
from sequencer.report.label import NoLabel, check_template, label
from sequencer.report.model import RunReport
from sequencer.vocabulary.reason import Reason


def label_template(project: Project) -> str:
    """The text of the template that ``[label]`` names. Raises ``NoLabel``."""
    name = project.settings.label.template
    if name is None or project.settings.label.printer is None:
        raise NoLabel(Reason("label_not_set_up"))
    try:
        text = (project.folder / name).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NoLabel(
            Reason("label_template", file=name, detail=getattr(error, "strerror", None) or str(error))
        ) from None
    check_template(text)
    return text


def print_unit(project: Project, report: RunReport) -> None:
    """Prints the label of the report's unit, as often as wanted. Raises ``NoLabel`` or ``LabelNotPrinted``."""
    settings = project.settings.label
    data = label(label_template(project), report)
    print_label(settings.printer or "", data * settings.copies)
