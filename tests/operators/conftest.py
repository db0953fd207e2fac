"""The commanding operators with rules of the test's own."""

from collections.abc import Callable

import pytest

from models.isolation_forest.schedule import RefitSchedule
from schemas.rules import Rule
from tests.support.flink_fakes import FakeFlink, Running
from tests.support.stages import NO_REFITS, window_commands
from udfs.event_commands import EventCommands

Start = Callable[..., Running]

WAIT_MS = 2_500
"""How much later than another a session's event may come that happened before it."""


@pytest.fixture
def start() -> Start:
    """Starts an operator, from scratch or on the state that another one left."""

    def started(
        *rules: Rule,
        flink: FakeFlink | None = None,
        schedule: RefitSchedule = NO_REFITS,
        emit_scores: bool = False,
        log_features: bool = False,
    ) -> Running:
        operator = window_commands(*rules, schedule=schedule, emit_scores=emit_scores, log_features=log_features)
        return Running(operator, flink)

    return started


@pytest.fixture
def start_fast() -> Start:
    """Likewise the fast lane's operator."""

    def started(*rules: Rule, flink: FakeFlink | None = None) -> Running:
        return Running(EventCommands(rules, WAIT_MS), flink)

    return started
