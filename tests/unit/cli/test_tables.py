"""Tables as a file or a pipe gets them."""

import pytest

from infra.cli.output import out, print_table


def test_no_name_is_broken_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"rule": "captivated-highlight", **{f"column_{number}": "x" * 12 for number in range(8)}}
    print_table([row], "nothing")
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["rule", *[part for number in range(8) for part in ("column", str(number))]]
    assert line.split() == list(row.values())


def test_what_stands_on_a_topic_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    steering = "model \x1b]0;owned\x07\x1b[2J\x9b2J is refused\tat once"
    out.print(steering, markup=False, soft_wrap=True)
    print_table([{"name": steering, "about": "two\nlines"}], "nothing")
    shown = capsys.readouterr().out
    assert all(each.isprintable() for each in shown.replace("\n", "").replace("\t", ""))
    assert shown.count(r"\x1b[2J\x9b2J") == 2
    assert "two" in shown
