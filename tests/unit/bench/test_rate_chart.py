"""The chart of rates on real recordings."""

from xml.etree import ElementTree

from infra.bench.rate_chart import WIDTH, draw

SVG = "{http://www.w3.org/2000/svg}"


def test_the_longest_bar_is_the_highest_rate_of_all_sets_and_each_set_has_its_heading() -> None:
    sets = {
        "otto": {"sessions": 3, "session_hours": 2.0, "per_session_hour": {"a<b": 0.5, "often": 2.0}},
        "mind": {"sessions": 5, "session_hours": 1.0, "per_session_hour": {}},
    }
    drawing = ElementTree.fromstring(draw(sets, "a note"))
    bars = [float(each.get("width", "0")) for each in drawing.iter(f"{SVG}rect")][1:]
    assert bars == [WIDTH, WIDTH / 4]
    texts = [each.text for each in drawing.iter(f"{SVG}text")]
    assert "otto: 3 sessions, 2.0 session-hours" in texts
    assert texts.index("often") < texts.index("a<b")
    assert texts[-2:] == ["no commands", "a note"]
