"""A CSV file becomes examples; what is wrong with one is told by file, line and column."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from models.learning.csv_file import CsvOptions, read_csv
from models.learning.errors import TrainingDataError
from models.learning.examples import Examples

HEADER = "session_duration,click_rate,device_type,user_expertise,preferred_content_length\n"
LENGTH = CsvOptions("preferred_content_length", True)


def read(tmp_path: Path, text: str | bytes, options: CsvOptions = LENGTH) -> Examples:
    path = tmp_path / "wishes.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_csv(path, options)


def refusal(tmp_path: Path, text: str | bytes, options: CsvOptions = LENGTH) -> str:
    with pytest.raises(TrainingDataError) as caught:
        read(tmp_path, text, options)
    assert str(tmp_path / "wishes.csv") in str(caught.value)
    return str(caught.value)


def test_numbers_and_categories_are_told_apart(tmp_path: Path) -> None:
    found = read(tmp_path, "\ufeff" + HEADER + "300,2.5,phone,novice,400\n,NA,,expert,600\n60,1e1,desktop,null,\n")
    assert found.names == ("session_duration", "click_rate", "device_type", "user_expertise")
    assert [found.is_category(name) for name in found.names] == [False, False, True, True]
    assert found.truth.tolist() == [400.0, 600.0]
    assert found.unused_rows == 1
    assert np.isnan(found.values["session_duration"][1])
    assert found.values["device_type"].tolist() == ["phone", None]
    assert found.at_ms is None


def test_times_sessions_and_other_columns(tmp_path: Path) -> None:
    text = "timestamp,session_id,a,b,note,tone\n2026-11-28T00:00:00Z,s1,1,7,x,formal\n1795824000001,s2,2,8,y,friendly\n"
    options = CsvOptions("tone", False, without=("note",), categories=("b",), renamed={"a": "click_rate"})
    found = read(tmp_path, text, options)
    assert found.at_ms is not None
    assert found.at_ms.tolist() == [1795824000000, 1795824000001]
    assert found.sessions is not None
    assert found.sessions.tolist() == ["s1", "s2"]
    assert found.names == ("click_rate", "b")
    assert found.values["b"].tolist() == ["7", "8"]
    assert found.truth.tolist() == ["formal", "friendly"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            HEADER + "1,2,phone,novice,400\n2,fast,phone,novice,500\n3,3,phone,novice,1\n",
            "line 3, column click_rate: 'fast' is no",
        ),
        (HEADER + "1,2,phone,novice,inf\n", "line 2, column preferred_content_length: 'inf' is no finite number"),
        (HEADER + "1,2,phone,novice\n", "line 2: 4 cells, the header names 5 columns"),
        (HEADER + '1,2,"pho\nne",novice,400\n1,2,3\n', "line 4: 3 cells"),
        (HEADER, "no row below the header"),
        ("", "is empty"),
        ("a,a,b\n1,2,3\n", "line 1: two columns are called a"),
        ("a,,b\n1,2,3\n", "line 1: column 2 has no name"),
        (
            "preferred_length,a\n1,2\n",
            "line 1: no column preferred_content_length: --target names what is to be predicted; did you mean preferred_length?",
        ),
        ("preferred_content_length\n1\n", "no column is left"),
        ("timestamp,a,preferred_content_length\nsoon,1,2\n", "line 2, column timestamp: 'soon' is no time"),
        (HEADER.encode() + b"1,2,\xff\xfe,novice,400\n", "is no UTF-8"),
        (HEADER + '1,2,"phone"x,novice,400\n', "line 2: "),
    ],
)
def test_what_is_wrong_is_told_by_line_and_column(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert says in refusal(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="cannot be read: No such file"):
        read_csv(tmp_path / "nowhere.csv", LENGTH)


ROW = "1,2,phone,novice,400\n"
SHEET = "session_duration;click_rate;device_type;preferred_content_length\n"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_told_by_the_header(tmp_path: Path, separator: str) -> None:
    found = read(tmp_path, "\ufeff" + (HEADER + "1.5,2,phone,novice,400\n").replace(",", separator))
    assert found.values["session_duration"].tolist() == [1.5]
    assert found.truth.tolist() == [400.0]


def test_a_packed_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    packed = gzip.compress((HEADER + ROW).encode())
    assert read(tmp_path, packed).truth.tolist() == [400.0]
    assert "cannot be unpacked" in refusal(tmp_path, packed[:-12])


def test_numbers_have_a_decimal_comma_where_cells_are_separated_otherwise(tmp_path: Path) -> None:
    found = read(tmp_path, SHEET + "220,1;0,19;phone;214\n300;-,5;3,5 inch;1e2\n")
    assert found.values["session_duration"].tolist() == [220.1, 300.0]
    assert found.values["click_rate"].tolist() == [0.19, -0.5]
    assert found.truth.tolist() == [214.0, 100.0]


def test_one_file_has_one_decimal_sign(tmp_path: Path) -> None:
    says = refusal(tmp_path, SHEET + "220,1;1;phone;214\n300;0.19;phone;100\n")
    assert (
        "line 2, column session_duration has a decimal comma ('220,1'), line 3, column click_rate a decimal point"
        in says
    )
    assert "'1.234,5' is no finite number" in refusal(tmp_path, SHEET + "1,5;1;a;2\n2,5;1;a;2\n1.234,5;1;a;2\n")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PAR1\x15\x04", "is Parquet: write it as CSV"),
        (b"PK\x03\x04abc", "is an Excel file or a ZIP archive"),
        ((HEADER + ROW).encode("utf-16"), "is UTF-16: save the file as UTF-8"),
        ((HEADER + ROW).encode() + b"1,2,\xff,novice,400\n", "line 3: byte 105 is no UTF-8"),
    ],
)
def test_other_formats_are_told_by_their_first_bytes(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refusal(tmp_path, content)


def test_a_name_that_is_no_utf_8_can_be_printed(tmp_path: Path) -> None:
    path = tmp_path / "wishes-\udcff.csv"
    path.write_text(HEADER + ROW)
    assert read_csv(path, LENGTH).source == "wishes-\ufffd.csv, 1 row"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "a\x1b[2J,preferred_content_length\n1,2\n",
            "line 1: column 1 has a character in its name that cannot be seen",
        ),
        (HEADER + ROW + '1,"2,phone,novice,400\n' + ROW, "line 3: a quote that begins a cell is never closed"),
        (HEADER + "1,2,phone,novice,long\n", "--target names another column"),
        (
            HEADER + "1e39,2,phone,novice,400\n",
            "line 2, column session_duration: '1e39' is no finite number, or too large",
        ),
        ("timestamp,a,preferred_content_length\n²,1,2\n", "line 2, column timestamp: '²' is no time"),
        (
            "timestamp,a,preferred_content_length\n1795824000,1,2\n",
            "line 2, column timestamp: '1795824000' looks like seconds",
        ),
        ("timestamp,a,preferred_content_length\n999999999999999,1,2\n", "'999999999999999' is no time"),
    ],
)
def test_what_other_programs_write_is_told_with_the_fix(tmp_path: Path, text: str, says: str) -> None:
    assert says in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            CsvOptions(LENGTH.target, True, without=(LENGTH.target,)),
            "--without preferred_content_length names what is to be",
        ),
        (
            CsvOptions(LENGTH.target, True, categories=(LENGTH.target,)),
            "--category preferred_content_length names what",
        ),
        (
            CsvOptions(LENGTH.target, True, renamed={LENGTH.target: "clicks"}),
            "--rename preferred_content_length names what",
        ),
        (
            CsvOptions(LENGTH.target, True, renamed={"session_duration": "click_rate"}),
            "two columns would be click_rate",
        ),
        (
            CsvOptions(LENGTH.target, True, renamed={"click_rate": LENGTH.target}),
            "two columns would be preferred_content",
        ),
        (
            CsvOptions(LENGTH.target, True, factors={"session_duration": 1e300}),
            "column session_duration: some numbers times 1e+300 are too large",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(tmp_path: Path, options: CsvOptions, says: str) -> None:
    assert says in refusal(tmp_path, HEADER + ROW, options)


def test_a_row_without_a_session_is_a_session_of_its_own(tmp_path: Path) -> None:
    found = read(tmp_path, "session_id,a,preferred_content_length\ns1,1,1\n,2,2\nNA,3,3\ns1,4,4\n")
    assert found.sessions is not None
    assert found.sessions[0] == found.sessions[3] == "s1"
    assert len(set(found.sessions)) == 3


def test_columns_left_out_or_renamed_stand_aside_as_the_file_has_them(tmp_path: Path) -> None:
    path = tmp_path / "wishes.csv"
    path.write_text("age,note,odd,a,preferred_content_length\n2,x,1,5,400\n3,,1,6,500\n4,y,?,7,600\n5,y,2,8,700\n")
    options = CsvOptions(
        LENGTH.target, True, without=("note", "odd"), renamed={"age": "session_age_ms"}, factors={"age": 1000.0}
    )
    found = read_csv(path, options)
    assert found.names == ("session_age_ms", "a")
    assert found.values["session_age_ms"].tolist() == [2000.0, 3000.0, 4000.0, 5000.0]
    # `odd` cannot be read, which is no matter: it is left out.
    assert set(found.aside) == {"note", "age"}
    assert found.aside["age"].tolist() == [2.0, 3.0, 4.0, 5.0]
    assert found.only(["age", "note"]).is_category("note")
    with pytest.raises(TrainingDataError, match="no column odd"):
        found.only(["odd"])


def test_a_column_that_is_renamed_to_its_own_name_is_kept_as_the_file_has_it(tmp_path: Path) -> None:
    path = tmp_path / "wishes.csv"
    path.write_text("click_rate,preferred_content_length\n2,400\n3,500\n")
    found = read_csv(
        path, CsvOptions(LENGTH.target, True, renamed={"click_rate": "click_rate"}, factors={"click_rate": 60.0})
    )
    assert found.values["click_rate"].tolist() == [120.0, 180.0]
    raw = found.raw_column("click_rate")
    assert raw is not None
    assert raw.tolist() == [2.0, 3.0]
    assert found.as_the_job == {"click_rate"}
