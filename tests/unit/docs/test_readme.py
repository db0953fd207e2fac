"""The README tells what there is."""

from dataclasses import fields
from pathlib import Path

from infra.cli.main import app
from jobs.config import AdjustConfig
from models.rules.compiled import KNOWN_FEATURES
from schemas.topics import TOPICS

README = (Path(__file__).parents[3] / "README.md").read_text()


def test_every_option_stands_there_with_its_default() -> None:
    for option in fields(AdjustConfig):
        default = f"`{option.default}`" if option.default != "" else ""
        assert f"| `{option.name}` | {default} |" in README, option.name


def test_every_feature_topic_and_command_stands_there() -> None:
    commands = [each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands]
    names = [*(name for lane in KNOWN_FEATURES.values() for name in lane), *(topic.name for topic in TOPICS), *commands]
    assert [name for name in names if name not in README] == []
