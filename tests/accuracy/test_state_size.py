"""What a session takes in keyed state, in worlds where readers are ordinary and where they change."""

import pytest

from infra.simulate.worlds.trials import trial
from tests.support.judged_worlds import run


@pytest.mark.parametrize(("with_models", "limit"), [(False, 1_024), (True, 2_048)], ids=["plain", "all models on"])
@pytest.mark.parametrize(("name", "world"), [("null", "S3"), ("planted", "mixed")])
def test_a_session_stays_within_its_bound(name: str, world: str, with_models: bool, limit: int) -> None:
    sizes = run(trial(name, world, 781, 5, 10), with_models).sizes
    assert len(sizes) >= 5
    assert max(sizes.values()) <= limit
