"""Converters of public data sets, on small files written here by hand; `tests/accuracy` reads the sets themselves."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.simulate.converters import CONVERTERS, FOLDERS, balabit, write_recording
from infra.simulate.converters.rows import BadRowError
from infra.simulate.converters.shared import PROJECT, shared_data
from infra.simulate.recording import header, records
from schemas.event_validation import validate_record
from schemas.events import Event

NOW_MS = 1_790_000_000_000
MAY_9_2016_MS = 1_462_752_000_000
CLICKS = "SessionId\tItemId\tTime\n"
VIEWS = "session_id;user_id;item_id;timeframe;eventdate\n"
MOUSE = "record timestamp,client timestamp,button,state,x,y\n"

SAMPLES = {
    "yoochoose": (
        "clicks.tsv",
        CLICKS + "7\tbook\t1396860886.998\n7\tlamp\t1396860669.277\n8\tlamp\t1396860700.5\n",
    ),
    "diginetica": (
        "some-item-views.csv",
        VIEWS + "1;NA;cup;9000;2016-05-09\n1;NA;plate;1000;2016-05-09\n2;42;fork;5000;2016-05-08\n",
    ),
    "otto": (
        "train.jsonl",
        '{"session":3,"events":[{"aid":5,"ts":1659304800025,"type":"clicks"},'
        '{"aid":5,"ts":1659304900000,"type":"carts"}]}\n'
        '{"session":4,"events":[{"aid":6,"ts":1659304850000,"type":"orders"}]}\n',
    ),
    "mind": (
        "behaviors.tsv",
        "8\tU1\t11/12/2019 2:14:46 PM\tN1 N2\tN3-0 N4-1 N5-1\n"
        "7\tU1\t11/12/2019 2:14:45 PM\t\tN3-0\n"
        "9\tU1\t11/12/2019 2:44:46 PM\t\tN3-1\n",
    ),
    "balabit": (
        "session_0001.csv",
        MOUSE + "0.0,0.01,NoButton,Move,10,10\n0.0,0.05,NoButton,Move,13,14\n0.2,0.15,Left,Pressed,40,20\n",
    ),
}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / "anna" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def sample(folder: Path, name: str) -> list[Event]:
    written(folder, *SAMPLES[name])
    return list(CONVERTERS[name](folder / "anna"))


def mouse(folder: Path, rows: str) -> list[Event]:
    return list(balabit.convert(written(folder, "session_0001.csv", MOUSE + rows)))


def since_begin_ms(event: Event) -> int:
    return event.occurred_at_ms - balabit.BEGIN_MS


def test_yoochoose_clicks_come_in_order_of_time_with_numbers_of_their_session(tmp_path: Path) -> None:
    events = sample(tmp_path, "yoochoose")
    assert [(event.event_id, event.content_id, event.occurred_at_ms) for event in events] == [
        ("yc-7-1", "lamp", 1_396_860_669_277),
        ("yc-8-1", "lamp", 1_396_860_700_500),
        ("yc-7-2", "book", 1_396_860_886_998),
    ]
    assert {event.type for event in events} == {"click"}
    assert all(event.placement is None and event.content_type is None for event in events)


def test_diginetica_sessions_begin_at_midnight_of_their_day(tmp_path: Path) -> None:
    assert [(event.event_id, event.user_id, event.content_id) for event in sample(tmp_path, "diginetica")] == [
        ("dg-2-1", "42", "fork"),
        ("dg-1-1", None, "plate"),
        ("dg-1-2", None, "cup"),
    ]
    assert [event.occurred_at_ms - MAY_9_2016_MS for event in sample(tmp_path, "diginetica")][1:] == [1000, 9000]


def test_a_diginetica_session_past_midnight_stays_in_order(tmp_path: Path) -> None:
    rows = "1;NA;cup;9000;2016-05-10\n1;NA;plate;1000;2016-05-09\n"
    path = written(tmp_path, "item-views.csv", VIEWS + rows)
    events = list(CONVERTERS["diginetica"](path))
    assert [event.occurred_at_ms - MAY_9_2016_MS for event in events] == [1000, 9000]


def test_otto_carts_are_custom_and_orders_conversions(tmp_path: Path) -> None:
    assert [(event.event_id, event.type, event.properties) for event in sample(tmp_path, "otto")] == [
        ("ot-3-1", "click", None),
        ("ot-4-1", "conversion", None),
        ("ot-3-2", "custom", {"action": "cart"}),
    ]


def test_a_mind_list_is_a_view_and_each_item_clicked_a_click_and_a_view(tmp_path: Path) -> None:
    written(tmp_path, "news.tsv", 'N4\tsport\tgolf\tA "title\t\t\t\t\n')
    events = sample(tmp_path, "mind")
    # Half an hour after the second list the third begins another session.
    assert [
        (event.session_id, event.type, event.content_id, event.content_type, event.placement) for event in events
    ] == [
        ("mi-U1-1", "page_view", None, None, None),
        ("mi-U1-1", "page_view", None, None, None),
        ("mi-U1-1", "click", "N4", "sport", "recommended"),
        ("mi-U1-1", "page_view", "N4", "sport", None),
        ("mi-U1-1", "click", "N5", None, "recommended"),
        ("mi-U1-1", "page_view", "N5", None, None),
        ("mi-U1-2", "page_view", None, None, None),
        ("mi-U1-2", "click", "N3", None, "recommended"),
        ("mi-U1-2", "page_view", "N3", None, None),
    ]
    assert events[1].occurred_at_ms - events[0].occurred_at_ms == 1000


def test_mouse_rows_become_one_move_for_each_tenth_of_a_second(tmp_path: Path) -> None:
    #   0.01  0.05 | 0.12 | 0.31      3-4-5 and 6-8-10 triangles
    rows = "0,0.01,NoButton,Move,10,10\n0,0.05,NoButton,Move,13,14\n0,0.12,NoButton,Drag,19,22\n"
    events = mouse(tmp_path, rows + "0,0.31,NoButton,Move,20,22\n")
    assert [(since_begin_ms(event), event.value) for event in events] == [(50, 5.0), (120, 10.0), (310, 1.0)]
    assert [(event.x, event.y) for event in events] == [(0.65, 0.6364), (0.95, 1.0), (1.0, 1.0)]


def test_the_path_of_a_first_lone_position_is_unknown(tmp_path: Path) -> None:
    (event,) = mouse(tmp_path, "0,0.0,NoButton,Move,10,10\n")
    assert event.value is None


def test_an_unknown_position_neither_disappears_nor_counts(tmp_path: Path) -> None:
    rows = "0,0.0,NoButton,Move,0,0\n0,0.1,NoButton,Move,65535,65535\n0,0.2,NoButton,Move,30,40\n"
    events = mouse(tmp_path, rows)
    assert [event.value for event in events] == [None, None, 50.0]
    assert [(event.x, event.y) for event in events] == [(0.0, 0.0), (None, None), (1.0, 1.0)]


def test_a_press_is_a_click_and_its_release_nothing_more(tmp_path: Path) -> None:
    rows = (
        "0,0.0,Left,Pressed,10,10\n0,0.1,Left,Released,10,10\n0,0.5,Right,Pressed,20,40\n0,0.6,Right,Released,20,40\n"
    )
    events = mouse(tmp_path, rows)
    assert [(event.type, event.properties) for event in events] == [
        ("click", {"button": "left"}),
        ("click", {"button": "right"}),
    ]
    assert [(event.x, event.y) for event in events] == [(0.5, 0.25), (1.0, 1.0)]


def test_scroll_depth_is_a_share_of_the_deepest_reached(tmp_path: Path) -> None:
    rows = [f"0,{second},Scroll,{way},0,0" for second, way in enumerate(["Up", "Down", "Down", "Up", "Down", "Down"])]
    events = mouse(tmp_path, "\n".join(rows) + "\n")
    assert [event.value for event in events] == pytest.approx([0.0, 1 / 3, 2 / 3, 1 / 3, 2 / 3, 1.0], abs=1e-4)
    assert all(event.x is None for event in events)


def test_scrolling_up_only_has_no_known_depth(tmp_path: Path) -> None:
    assert [event.value for event in mouse(tmp_path, "0,0.0,Scroll,Up,0,0\n0,1.0,Scroll,Up,0,0\n")] == [None, None]


def test_mouse_sessions_begin_a_minute_apart_and_are_merged_by_time(tmp_path: Path) -> None:
    first = "0,1.0,NoButton,Move,1,1\n0,100.0,NoButton,Move,1,1\n"
    written(tmp_path, "session_0001.csv", MOUSE + first)
    written(tmp_path, "session_0002.csv", MOUSE + "0,2.0,NoButton,Move,1,1\n")
    events = list(balabit.convert(tmp_path))
    assert [(event.event_id, since_begin_ms(event)) for event in events] == [
        ("bm-0001-1", 1_000),
        ("bm-0002-1", 62_000),
        ("bm-0001-2", 100_000),
    ]
    assert {event.user_id for event in events} == {"anna"}


BAD_ROWS = [
    ("yoochoose", "a.tsv", CLICKS + "1\tx\t1396860669\n1\tx\tnoon\n", "a.tsv:3: could not convert"),
    ("yoochoose", "a.tsv", CLICKS + "1\tx\t1396860\n", "a.tsv:2: 1396860000 ms is no time"),
    ("yoochoose", "a.tsv", CLICKS + "1\tx\tinf\n", "a.tsv:2: cannot convert float infinity"),
    ("yoochoose", "a.tsv", CLICKS + "1\tx\n", "a.tsv:2: 2 fields instead of 3"),
    ("yoochoose", "a.tsv", CLICKS + "\tx\t1396860669\n", "a.tsv:2: '' is no name"),
    ("yoochoose", "a.tsv", "item,time\n", "a.tsv:1: the header is not"),
    ("diginetica", "a-item-views.csv", VIEWS + "1;NA;2;-5;2016-05-09\n", ":2: "),
    ("diginetica", "a-item-views.csv", VIEWS + "1;NA;2;5;9 May\n", ":2: time"),
    ("otto", "a.jsonl", '{"session":1,"events":[]}\n{"session":1,"ev\n', "a.jsonl:2: JSON is malformed"),
    ("otto", "a.jsonl", '{"session":1,"events":[{"aid":1,"ts":1659304800025,"type":"views"}]}\n', "a.jsonl:1: "),
    ("otto", "a.jsonl", '{"session":1,"events":[{"aid":1,"ts":1659304800,"type":"clicks"}]}\n', "is no time"),
    ("balabit", "session_1.csv", MOUSE + "0,0,NoButton,Jump,1,1\n", ":2: 'Jump' is no state"),
    ("balabit", "session_1.csv", MOUSE + "0,0,NoButton,Move,-1,1\n", ":2: a time or position below 0"),
]


@pytest.mark.parametrize(
    ("name", "file", "text", "complaint"), BAD_ROWS, ids=[f"{name} {complaint}" for name, _, _, complaint in BAD_ROWS]
)
def test_a_bad_row_stops_and_names_file_line_and_reason(
    tmp_path: Path, name: str, file: str, text: str, complaint: str
) -> None:
    path = written(tmp_path, file, text)
    with pytest.raises(BadRowError) as raised:
        list(CONVERTERS[name](path))
    assert complaint in str(raised.value)
    assert file in str(raised.value)


def test_a_file_cut_in_the_middle_of_its_gzip_stream_is_named(tmp_path: Path) -> None:
    whole = gzip.compress((MOUSE + "0,0.0,NoButton,Move,1,1\n" * 5000).encode(), mtime=0)
    path = tmp_path / "session_1.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadRowError, match=r"session_1\.csv\.gz"):
        list(balabit.convert(path))


@pytest.mark.parametrize("name", CONVERTERS)
def test_a_folder_without_the_set_is_an_error_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        list(CONVERTERS[name](tmp_path))


@pytest.mark.parametrize("file", ["recording.jsonl", "recording.jsonl.gz"])
@pytest.mark.parametrize("name", CONVERTERS)
def test_a_recording_is_the_same_to_the_byte_and_replay_reads_it(tmp_path: Path, name: str, file: str) -> None:
    events = sample(tmp_path, name)
    first, second = tmp_path / "first" / file, tmp_path / "second" / f"other-{file}"
    assert write_recording(iter(events), first) == len(events)
    write_recording(sample(tmp_path, name), second)
    assert first.read_bytes() == second.read_bytes()
    lines = list(records(first))
    assert [validate_record(line, NOW_MS) for line in lines] == events
    assert all(header(line) is not None for line in lines)


def test_a_failed_conversion_leaves_the_old_recording(tmp_path: Path) -> None:
    target = tmp_path / "recording.jsonl.gz"
    write_recording(sample(tmp_path, "otto"), target)
    before = target.read_bytes()

    def failing() -> Iterator[Event]:
        yield from sample(tmp_path, "otto")
        raise BadRowError("here")

    with pytest.raises(BadRowError):
        write_recording(failing(), target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.glob("recording*")] == ["recording.jsonl.gz"]


def test_the_sets_lie_beside_the_project_unless_the_environment_says_otherwise() -> None:
    assert shared_data({}) == PROJECT.parent / "shared" / "data"
    assert shared_data({"MICROADJUST_SHARED_DATA": "/elsewhere"}) == Path("/elsewhere")
    assert FOLDERS.keys() == CONVERTERS.keys()
