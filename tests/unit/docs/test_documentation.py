"""The documentation names what exists, and what exists is documented."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest
import typer

from infra.cli.main import app
from infra.docs.generate import BLOCKS, DOCS, main, marked, rendered, stale
from infra.docs.reference.command_line import leaves
from infra.gateway.settings import NOT_READ, Settings, variable
from jobs.config import AdjustConfig, HeatmapConfig, options_of
from models.rules.compiled import KNOWN_FEATURES
from schemas.actions import ACTIONS
from schemas.commands import AdjustmentCommand, Evidence, EvidenceBound
from schemas.events import EVENT_TYPES, Context, Event
from schemas.rule_conditions import Condition
from schemas.rules import Rule
from schemas.topics import TOPICS

PROJECT = Path(__file__).parents[3]
PAGES = sorted(
    [PROJECT / "README.md", *DOCS.rglob("*.md"), *PROJECT.glob(".github/*.md"), *PROJECT.glob("infra/*/README.md")]
)
COMMANDS = {name for name, _ in leaves(typer.main.get_command(app), "microadjust")}

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))


def code(page: Path) -> str:
    """The blocks and spans of code of a page: where commands and paths stand."""
    text = page.read_text("utf-8")
    return "\n".join(found[1] or found[2] for found in re.finditer(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", text, re.DOTALL))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Path and anchor of each link into the project."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if not target.startswith("http"):
            path, _, anchor = target.partition("#")
            yield path, anchor


def test_generated_tables_are_up_to_date() -> None:
    assert stale() == [], "run `python -m infra.docs.generate`"


def test_every_generated_block_stands_on_one_page() -> None:
    assert sorted(name for page in DOCS.rglob("*.md") for name in marked(page.read_text("utf-8"))) == sorted(BLOCKS)


def test_a_stale_page_fails_the_check_and_is_written_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: topics -->\nold\n<!-- end -->\nafter\n")
    assert main(["--check"], tmp_path) == 1
    assert "page.md is stale" in capsys.readouterr().err
    assert "old" in page.read_text()
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith("after\n")
    assert "events.v1" in page.read_text()


def test_an_unknown_block_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing-like-it"):
        rendered("<!-- generated: nothing-like-it -->\n<!-- end -->")


def test_the_readme_is_a_front_page() -> None:
    text = (PROJECT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 150
    assert len(text.split()) <= 1_000
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert f"**Version:** {version}." in text


@by_page
def test_no_conflict_is_left(page: Path) -> None:
    assert not re.search(r"^(<<<<<<<|>>>>>>>) ", page.read_text("utf-8"), re.MULTILINE)


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    broken = [
        f"{path}#{anchor}"
        for path, anchor in links(page)
        if not (target := page.parent / path if path else page).exists()
        or (anchor and target.suffix == ".md" and anchor not in anchors(target))
    ]
    assert broken == []


@by_page
def test_paths_exist(page: Path) -> None:
    named = set(re.findall(r"(?<![\w/.-])((?:jobs|udfs|models|schemas|infra|tests)/[\w./-]*\w/?)", code(page)))
    # NAME stands for what the reader of a recipe chooses.
    assert [path for path in sorted(named) if "NAME" not in path and not (PROJECT / path).exists()] == []


@by_page
def test_commands_exist(page: Path) -> None:
    text = code(page)
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    unknown = [f"make {target}" for target in re.findall(r"\bmake ([a-z][a-z-]*)", text) if target not in targets]
    for module in re.findall(r"python -m ([a-z_]+(?:\.[a-z_]+)+)", text):
        path = PROJECT / module.replace(".", "/")
        if not (path.with_suffix(".py").exists() or (path / "__main__.py").exists()):
            unknown.append(f"python -m {module}")
    for words in re.findall(r"(?<![\w./-])(?:\.venv/bin/)?microadjust((?: [a-z]+(?:-[a-z]+)*)+)", text):
        first, *rest = words.split()
        if f"microadjust {first}" not in COMMANDS and not (rest and f"microadjust {first} {rest[0]}" in COMMANDS):
            unknown.append(f"microadjust {words.strip()}")
    assert unknown == []


def test_options_and_settings_are_documented() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    names = [each.name for config in (AdjustConfig, HeatmapConfig) for each in options_of(config)]
    # What has no variable of its own is no setting.
    names += [variable(each.name) for each in fields(Settings) if each.name not in NOT_READ]
    assert [name for name in names if f"| `{name}` |" not in text] == []


def test_contracts_are_documented() -> None:
    text = (DOCS / "events-and-commands.md").read_text("utf-8")
    names = [*EVENT_TYPES, *ACTIONS, *(topic.name for topic in TOPICS)]
    names += [
        field.name
        for struct in (Event, Context, AdjustmentCommand, Evidence, EvidenceBound)
        for field in msgspec.structs.fields(struct)
    ]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_rule_language_is_documented() -> None:
    text = (DOCS / "rules.md").read_text("utf-8")
    names = [field.encode_name for struct in (Rule, Condition) for field in msgspec.structs.fields(struct)]
    assert [name for name in names if not re.search(rf"`{name}\b", text)] == []
    features = (DOCS / "features.md").read_text("utf-8")
    assert [name for lane in KNOWN_FEATURES.values() for name in lane if f"`{name}`" not in features] == []


def test_commands_of_the_command_line_are_documented() -> None:
    text = (DOCS / "command-line.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"### {name}\n" not in text] == []


def test_decisions_are_numbered_without_gaps_and_complete() -> None:
    paths = sorted(path for path in (DOCS / "decisions").glob("*.md") if path.name != "README.md")
    assert [path.name[:5] for path in paths] == [f"{number:04}-" for number in range(1, len(paths) + 1)]
    for path in paths:
        text = path.read_text("utf-8")
        parts = (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"\*\*Choice[.:]\*\*", r"\*\*Reason[.:]\*\*", r"\*\*.*[Rr]everse")
        assert [part for part in parts if not re.search(part, text)] == [], path.name
