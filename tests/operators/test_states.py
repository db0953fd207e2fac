"""Every state of the operators: its name ends in a version, and what nobody writes any more goes away."""

from tests.operators.conftest import Start
from tests.support.flink_fakes import Running
from udfs.forest_refit import ForestRefit
from udfs.keyed_state import TTL_H
from udfs.lanes.contents import CONTENT_TTL_H
from udfs.session_state import SessionStates
from udfs.stages.broadcast_control import CONTROL

ADJUST_STATES = {"session-v2", "held-windows-v3", "content-v2", "sections-v1"}
FAST_STATES = {"fast-lane-v2"}
SESSION_STATES = {"session-state-v1"}


def test_the_names_of_all_states_end_in_a_version(start: Start, start_fast: Start) -> None:
    assert sorted(each.name for each in start().flink.descriptors) == sorted(ADJUST_STATES)
    assert [each.name for each in start_fast().flink.descriptors] == sorted(FAST_STATES)
    assert [each.name for each in Running(SessionStates()).flink.descriptors] == sorted(SESSION_STATES)
    assert CONTROL.name == "control-v1"


def test_every_keyed_state_of_the_commanding_operators_dies_of_disuse(start: Start, start_fast: Start) -> None:
    told = Running(SessionStates()).flink.descriptors
    for descriptor in (*start().flink.descriptors, *start_fast().flink.descriptors, *told):
        ttl = descriptor._ttl_config  # noqa: SLF001 - PyFlink has no public way to read it
        assert ttl.is_enabled(), descriptor.name
        hours = CONTENT_TTL_H if descriptor.name in {"content-v2", "sections-v1"} else TTL_H
        assert ttl.get_ttl().to_milliseconds() == hours * 3_600_000
        assert not ttl.get_cleanup_strategies().is_cleanup_in_background()


def test_the_states_of_the_refit_end_in_a_version_too() -> None:
    names = {each.name for each in Running(ForestRefit(1_800_000, 300_000)).flink.descriptors}
    assert names == {"reservoir-v1", "arrivals-v1"}
