"""Tables as a file or a pipe gets them."""

import pytest

from infra.cli.output import print_table


def test_no_name_is_broken_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"rule": "captivated-highlight", **{f"column_{number}": "x" * 12 for number in range(8)}}
    print_table([row], "nothing")
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["rule", *[part for number in range(8) for part in ("column", str(number))]]
    assert line.split() == list(row.values())
