"""A plugin for a pytest with HardPy: answers dialogs from ``HARDPY_ANSWERS``, writes the report to ``HARDPY_REPORT``.

HARDPY_REPORT=report.json HARDPY_ANSWERS='["ok"]' python -m pytest --hardpy-pt -p hardpy_recorder
"""

import json
import os
from pathlib import Path

import pytest

ANSWERS = json.loads(os.environ.get("HARDPY_ANSWERS") or "[]")


def pytest_configure(config):
    from hardpy.pytest_hardpy import pytest_call

    pytest_call._get_operator_data = lambda: json.dumps(ANSWERS.pop(0))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    try:
        return (yield)
    finally:  # a project that keeps its report in a database fails where there is none
        from hardpy import get_current_report

        report = get_current_report()
        assert report is not None
        Path(os.environ["HARDPY_REPORT"]).write_text(json.dumps(report.model_dump(mode="json"), indent=1) + "\n")
