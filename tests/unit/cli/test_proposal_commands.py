"""What `proposals` and `actions matrix` print, without a Kafka."""

import json
from pathlib import Path
from xml.etree import ElementTree

import msgspec
from typer.testing import CliRunner

from infra.cli.main import app
from infra.cli.proposal_commands import as_lines
from schemas.actions import ACTIONS
from tests.support.proposed_changes import decided, proposed


def test_a_proposal_says_what_became_of_it() -> None:
    strong = proposed("strong", "simplify", 60, priority=90, parameters={"variant": "simple"})
    found = decided([strong, proposed("weak", "shorten", 70, priority=10)]).proposals
    done, refused = (as_lines(msgspec.to_builtins(each)) for each in found)
    assert "variant" in done[0]
    assert f"commanded as {strong.command.command_id}" in done[1]
    assert "rule weak, version 1: suppressed, exclusive: an action of the same exclusive group" in refused[1]
    assert refused[1].endswith(f"({strong.command.command_id})")


def test_the_reasons_are_a_closed_list() -> None:
    ran = CliRunner().invoke(app, ["proposals", "--reason", "tired"])
    assert ran.exit_code == 2
    assert "unknown_content" in ran.output.replace("\n", " ")


def test_the_matrix_is_a_table_json_and_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "matrix.svg"
    ran = CliRunner().invoke(app, ["actions", "matrix", "--json", "--svg", str(picture)])
    rows = {each["action"]: each for each in json.loads(ran.output)}
    assert rows.keys() == ACTIONS.keys()
    # Impact 5 of 5 by complexity 1 of 5 is the most there can be.
    assert (rows["prompt"]["priority"], rows["visualise"]["priority"]) == (100, 16)
    assert (rows["expand"]["cooldown_s"], rows["visualise"]["cooldown_s"]) == (120, 360)
    drawn = "".join(ElementTree.fromstring(picture.read_text()).itertext())
    assert all(name in drawn for name in ACTIONS)
