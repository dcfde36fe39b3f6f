"""The environment of programs that a sequence runs."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.project.secrets import without_secrets

_OWN = ("HARDSEQ_", "PYTEST_")


def for_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without secrets and without the variables of pytest and of hardseq, whoever set them.

    A program that the test runs is no part of the test, even when it is another pytest or hardseq.
    """
    return {name: value for name, value in without_secrets(environment).items() if not name.upper().startswith(_OWN)}
