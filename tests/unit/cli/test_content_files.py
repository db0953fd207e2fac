"""Files of content items: each format tells the line of an item, and of a fault."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli.content_files import ContentFileError, read_items
from infra.cli.main import app

ITEMS = [{"content_id": "a", "words": 10}, {"content_id": "b", "variants": [{"variant": "simple"}]}]
YAML = "# ours\ncontent:\n  - {content_id: a, words: 10}\n\n  - content_id: b\n    variants: [{variant: simple}]\n"


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("items.ndjson", "\n".join(json.dumps(each) for each in ITEMS), [1, 2]),
        ("items.json", "\n" + json.dumps(ITEMS, indent=1), [3, 7]),
        ("items.yaml", YAML, [3, 5]),
    ],
)
def test_each_format_gives_the_same_items_and_where_they_begin(
    tmp_path: Path, name: str, text: str, lines: list[int]
) -> None:
    file = tmp_path / name
    file.write_text(text)
    items = read_items(file)
    assert [each.value for each in items] == ITEMS
    assert [each.line for each in items] == lines


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.json", '[{"content_id": "a"}\n{"content_id": "b"}]', "line 1"),
        ("b.json", '[{"content_id": "a"},\n{"content_id": ]', "line 2"),
        ("c.json", '[{"content_id": "a"}', "line 1"),
        # Two files put together: what follows the first array would be lost, with all well said.
        ("two.json", '[{"content_id": "a"}]\n\n[{"content_id": "b"}]\n', "line 3: expected nothing after the array"),
        ("empty.json", '[]{"content_id": "b"}', "line 1: expected nothing after the array"),
        ("d.yaml", "content: {a: 1}", "a list of items"),
        ("e.yaml", "content: [", "not YAML"),
        ("f.yaml", "- {content_id: a, title: no}", "line 1"),
    ],
)
def test_a_file_that_is_broken_is_refused_with_the_place(tmp_path: Path, name: str, text: str, place: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(ContentFileError, match=place):
        read_items(file)


def test_put_names_line_field_and_reason_of_each_fault_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "items.ndjson"
    file.write_text('{"content_id": "a"}\n{"words": -1}\n{"content_id\n')
    # Nothing answers there: a record that were written would end in another error.
    result = CliRunner().invoke(app, ["content", "put", str(file), "--json", "--bootstrap", "127.0.0.1:1"])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["written"] == 0
    found = [(each["line"], each["field"], each["rule"]) for each in answer["problems"]]
    assert found == [(2, "content_id", "missing_field"), (2, "words", "out_of_range"), (3, "", "malformed")]


@pytest.mark.parametrize(
    "text", ['{"content_id": "a"}\n{"content_id": "a"}\n', '[{"content_id": "a"}, {"content_id": "a"}]']
)
def test_an_item_that_stands_twice_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "items.json"
    file.write_text(text)
    result = CliRunner().invoke(app, ["content", "put", str(file), "--json", "--bootstrap", "127.0.0.1:1"])
    [problem] = json.loads(result.stdout)["problems"]
    assert (problem["field"], problem["rule"]) == ("content_id", "duplicate")
    assert "stands in line 1 already" in problem["detail"]
