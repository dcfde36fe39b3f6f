"""Limits: what a measured value must meet, how it is judged, and what is wrong with limits as written."""

from __future__ import annotations

from sequencer.domain.limits.base import Judgement, Limit, judge
from sequencer.domain.limits.leaves import LimitProblem
from sequencer.domain.limits.parse import limit_problems, parse_limits
from sequencer.domain.limits.schema import LIMITS_SCHEMA

__all__ = ["LIMITS_SCHEMA", "Judgement", "Limit", "LimitProblem", "judge", "limit_problems", "parse_limits"]
