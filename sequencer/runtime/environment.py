"""Which environment variables are the test process's own: pytest's and hardseq's."""

from __future__ import annotations

from collections.abc import Mapping

_OWN = ("HARDSEQ_", "PYTEST_")


def is_own(name: str) -> bool:
    """Whether pytest or hardseq may have set the variable."""
    return name.upper().startswith(_OWN)


def own(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of that kind; taken at the beginning, those that the user had set."""
    return {name: value for name, value in environment.items() if is_own(name)}
