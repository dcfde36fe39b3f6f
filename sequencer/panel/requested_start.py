"""Reads what a start asks for, by what the sequence takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sequencer.panel.bench import PreparedSequence, RequestedStart
from sequencer.panel.requests import InvalidRequest
from sequencer.protocol.params import read_params
from sequencer.protocol.selection import Candidate, UnknownSelection, select
from sequencer.report.identity import identity_text
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.text_values import stripped


def read_requested_start(
    loaded: PreparedSequence,
    params: Mapping[str, Any],
    only: list[str] | None,
    tags: list[str] | None,
    user: str | None,
    *,
    decimal_comma: bool = False,
) -> RequestedStart:
    """What is asked for, params with values. Raises ``InvalidRequest`` (``fields``: what is wrong by name)."""
    values, errors = read_params(loaded.params, params, decimal_comma=decimal_comma)
    if errors:
        fields = [
            {"field": name, "code": wrong.code, "message": str(wrong), "limit": wrong.limit}
            for name, wrong in errors.items()
        ]
        raise InvalidRequest("; ".join(f"{name} {wrong}" for name, wrong in errors.items()), fields=fields)
    cases = [
        Candidate(f"{module['id']}::{case['id']}", module["id"], case["tags"])
        for module in loaded.modules
        for case in module["cases"]
    ]
    try:
        select(cases, only, tags)
    except UnknownSelection as error:
        fields = [{"field": error.field, "code": error.code, "message": str(error)}]
        raise InvalidRequest(str(error), fields=fields) from None
    try:
        who = identity_text(user, "user") if user and stripped(user) else None
    except StepError as error:
        raise InvalidRequest(str(error), fields=[{"field": "user", "code": "text", "message": str(error)}]) from None
    return RequestedStart(
        params=values,
        only=None if only is None else tuple(only),
        tags=None if tags is None else tuple(tags),
        user=who,
    )
