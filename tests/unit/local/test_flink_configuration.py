"""The local cluster listens on this machine only, and takes no jar from a page in a browser of it."""

from pathlib import Path

import yaml

from infra.local.flink import Memory, configure
from infra.local.home import Home


def test_no_page_can_submit_a_jar_and_nothing_listens_to_the_network(tmp_path: Path) -> None:
    conf = configure(Home(tmp_path), 18_081, 16_123, Memory())
    settings = yaml.safe_load((conf / "config.yaml").read_text())
    assert settings["web.submit.enable"] is False
    bound = {name: value for name, value in settings.items() if name.endswith(("bind-address", "bind-host"))}
    assert set(bound.values()) == {"127.0.0.1"}
    assert len(bound) == 3
