from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import DataError
from stoker.core.events import recording
from stoker.data.acquire import _files, jsonl
from stoker.data.acquire.jsonl import Jsonl
from stoker.data.media import MediaWriter
from stoker.data.reading import Reading
from tests.data.acquire.conftest import Acquire, Told

SPEC = {"jsonl": {"path": "a.jsonl"}}


@pytest.fixture
def write(project: Path):
    def write_file(content: bytes, name: str = "a.jsonl") -> None:
        (project / name).write_bytes(content)

    return write_file


def test_keeps_types_and_takes_absent_keys_for_missing(read: Acquire, write) -> None:
    write(
        b'{"n":1,"x":1,"t":"a","b":true}\n{"t":null,"x":2.5}\n'
        + '{"n":-3,"b":false,"名":"李"}\n'.encode()
    )
    result = read(SPEC)
    assert result.column("n") == [1, None, -3]
    assert result.column("x") == [1.0, 2.5, None]
    assert result.column("t") == ["a", None, None]
    assert result.column("b") == [True, None, False]
    assert result.column("名") == [None, None, "李"]
    assert result.info["columns"]["x"] == "double"


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"a":1}\n',
        b'{"a":1}\r\n',
        b'\n \n{"a":1}\n\n',
        gzip.compress(b'{"a":1}\n', mtime=0),
    ],
    ids=["mark", "crlf", "blank lines", "gzip"],
)
def test_reads_sound_forms(read: Acquire, write, content: bytes) -> None:
    write(content)
    result = read(SPEC)
    assert result.column("a") == [1]
    assert not result.rejects


BAD_RECORDS = {
    "trailing comma": (b'{"a":1,}', "is not JSON"),
    "cut": (b'{"a":', "is not JSON"),
    "NaN": (b'{"a":NaN}', "holds NaN"),
    "infinity": (b'{"a":-Infinity}', "holds -Infinity"),
    "1e999": (b'{"a":1e999}', "beyond all decimals"),
    "equal keys": (b'{"a":1,"a":2}', "has the key 'a' twice"),
    "deep equal keys": (b'{"a":1,"b":{"c":1,"c":2}}', "has the key 'c' twice"),
    "deep": (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deep"),
    "huge number": (b'{"a":' + b"9" * 5_000_000 + b"}", "more than 64 bits"),
    "65 bits": (b'{"a":18446744073709551616}', "more than 64 bits"),
    "half a character": (b'{"a":"\\ud800"}', "half a character"),
    "half a character in a key": (b'{"\\ud800":1}', "half a character"),
    "not utf-8": (b'{"a":"\xff"}', "is not UTF-8"),
    "array": (b"[1]", "is an object or array, not an object"),
    "number": (b"7", "is a whole number, not an object"),
    "two values": (b'{"a":1} {"a":2}', "Extra data"),
    "other kind": (b'{"a":"x"}', "is text where most records have a whole number"),
    "nested": (b'{"a":{"b":1}}', "is an object or array where"),
    "long": (b'{"a":"' + b"x" * (17 << 20) + b'"}', "longer than 16 MiB"),
}


@pytest.mark.parametrize("case", BAD_RECORDS)
def test_rejects_a_bad_record_with_its_line_and_keeps_the_others(
    read: Acquire, write, case: str
) -> None:
    record, reason = BAD_RECORDS[case]
    write(b'{"a":1}\n' + record + b'\n{"a":3}\n')
    result = read(SPEC)
    assert result.column("a") == [1, 3]
    assert result.column("_line") == [1, 3]
    [reject] = result.rejects
    assert reason in reject["reason"]
    assert (reject["source"], reject["line"]) == ("a.jsonl", 2)


def test_a_last_line_without_an_end_is_a_record_if_it_is_whole(read: Acquire, write) -> None:
    write(b'{"a":1}\n{"a":2}')
    result = read(SPEC)
    assert result.column("a") == [1, 2]
    assert not result.rejects


@pytest.mark.parametrize("size", range(1, 20))
def test_a_cut_last_line_is_rejected(read: Acquire, write, size: int) -> None:
    last = '{"a":22,"b":{"c":"李"}}'.encode()
    write(b'{"a":1}\n' + last[:size])
    result = read({"jsonl": {"path": "a.jsonl", "columns": ["a"]}})
    assert result.column("a") == [1]
    assert "is no whole object: the file is cut" in result.reasons[0]


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        ([1, 2, 1.5], [1, 2, 1.5]),
        ([True, 1, 1.5, True], [1, 1.5]),
        ([1, 2, 3, True, 1.5], [1, 2, 3, 1.5]),
        (["a", 1, 1.5, "b"], [1, 1.5]),
        ([1, "2", 3], [1, 2, 3]),
        ([1, "2.5", 3, " 4 "], [1, 2.5, 3, 4]),
        ([1.5, "1e2", "+7", "x", "1e400", "2 kg", 0.5, 1, 1, 1], [1.5, 100, 7, 0.5, 1, 1, 1]),
        ([1, "未知", " n/a", "-", "", 2, 3, 4, 5], [1, None, None, None, None, 2, 3, 4, 5]),
    ],
)
def test_whole_numbers_and_decimals_are_one_kind(
    read: Acquire, write, cells: list[Any], numbers: list[float | None]
) -> None:
    write("".join(json.dumps({"a": cell}) + "\n" for cell in cells).encode())
    assert read(SPEC).column("a") == numbers


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([True, "是", 1] * 20, "text 20, a truth value 20, a whole number 20"),
        ([0.65, 1, "65%"] * 20, "text 20, a whole number 20, a decimal number 20"),
        ([1.5] * 80 + ["故障"] * 11, "text 11, a decimal number 80"),
        ([True] * 80 + [0] * 11, "text 0, a truth value 80, a whole number 11"),
    ],
)
def test_a_column_of_several_kinds_is_text(
    read: Acquire, write, cells: list[Any], said: str
) -> None:
    """Half of the records were rejected, with the advice to mend the data."""
    write("".join(json.dumps({"a": cell}) + "\n" for cell in cells).encode())
    with recording() as lines:
        result = read(SPEC)
    assert not result.rejects
    assert result.column("a") == [json.dumps(c) if not isinstance(c, str) else c for c in cells]
    told = f"column 'a' has values of several kinds, read as text: {said}"
    assert told in [line.text for line in lines]


@pytest.mark.parametrize(
    ("cells", "odd"),
    [
        ([1.5] * 80 + ["故障"] * 10, 10),
        ([1.5] * 2000 + ["故障"] * 20, 20),
        ([1] * 80 + ["NA", "-", "7"] * 20, 0),
        ([True] * 30 + ["true", "False"] * 14, 0),
    ],
)
def test_a_few_values_of_another_kind_are_odd_ones(
    read: Acquire, write, cells: list[Any], odd: int
) -> None:
    write("".join(json.dumps({"a": cell}) + "\n" for cell in cells).encode())
    result = read(SPEC)
    assert len(result.rejects) == odd
    assert not any(isinstance(cell, str) for cell in result.column("a"))


def test_a_value_has_one_spelling_in_a_column_of_another_kind(read: Acquire, write) -> None:
    cells = {
        "text": (["8", "b", 8, 8.5, True, "a"], ["8", "b", "8", "8.5", "true", "a"]),
        "truth": ([True, "true", "FALSE ", False, False, None], [True] * 2 + [False] * 3 + [None]),
        "whole": ([7, 2**53 + 1, str(2**53 + 1), "007", 7, 7], [7, *[2**53 + 1] * 2, 7, 7, 7]),
    }
    rows = zip(*(given for given, _ in cells.values()), strict=True)
    write("".join(json.dumps(dict(zip(cells, row, strict=True))) + "\n" for row in rows).encode())
    result = read(SPEC)
    assert not result.rejects
    assert result.info["columns"] == {"text": "string", "truth": "bool", "whole": "int64"}
    for name, (_, wanted) in cells.items():
        assert result.column(name) == wanted


def test_a_whole_number_that_a_decimal_cannot_hold_is_rejected(read: Acquire, write) -> None:
    write(b'{"a":1.5}\n{"a":9007199254740993}\n')
    result = read(SPEC)
    assert result.column("a") == [1.5]
    assert result.rejects[0]["column"] == "a"
    assert result.rejects[0]["found"] == "9007199254740993"


BAD_FILES = {
    "empty": (b"", "the file is empty"),
    "blank": (b"\n\n", "no row at all"),
    "array": (b'[{"a":1},\n{"a":2}]\n', "begins with an array"),
    "indented": (b'{\n "a": 1\n}\n', "one object over several lines"),
    "utf-16": ('{"a":1}\n'.encode("utf-16"), "is in UTF-16"),
    "nested": (b'{"a":{"b":1}}\n{"a":{"b":2}}\n', "holds an object or array in 2 of the 2 records"),
    "empty name": (b'{"":1}\n', "column 1 has no name"),
    "own name": (b'{"_row":1}\n', "stoker's own"),
    "many keys": (
        b"".join(b'{"k%d":1}\n' % i for i in range(10_001)),
        "10,001 different keys are more than 10,000",
    ),
    "cut gzip": (gzip.compress(b'{"a":1}\n')[:-4], "damaged gzip"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_refuses_a_bad_file_in_one_clear_message(read: Acquire, write, case: str) -> None:
    content, message = BAD_FILES[case]
    write(content)
    with pytest.raises(DataError, match=message) as caught:
        read(SPEC)
    assert len(str(caught.value).splitlines()) <= 3


def test_columns_can_be_chosen(read: Acquire, write) -> None:
    write(b'{"a":1,"b":{"c":1},"d":2}\n')
    result = read({"jsonl": {"path": "a.jsonl", "columns": ["d", "a"]}})
    assert result.rows.column_names[4:] == ["d", "a"]
    with pytest.raises(DataError, match="no column 'z'"):
        read({"jsonl": {"path": "a.jsonl", "columns": ["z"]}})


def test_a_column_of_nulls_only_is_text(read: Acquire, write) -> None:
    write(b'{"a":1,"b":null}\n')
    assert read(SPEC).info["columns"] == {"a": "int64", "b": "string"}


SPELLED = ["", "?", "NA", "-", " 未知 "]
VALUE = (
    st.sampled_from(SPELLED)
    | st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(min_size=5)
    | st.floats()
    | st.sampled_from(["8", "-8.5", " 1e3", "true", "FALSE"])
)
RECORD = st.dictionaries(st.sampled_from("ab"), VALUE, max_size=2)


@given(st.lists(RECORD | st.integers(), max_size=12), st.integers(1, 9))
def test_every_line_is_a_row_or_a_reject_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, records: list[Any], block_bytes: int
) -> None:
    folder = tmp_path_factory.mktemp("law")
    records = [{"a": None}, *records]
    text = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "a.jsonl").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_files, "BLOCK_BYTES", block_bytes)
        found = [run(folder), run(folder)]
    assert found[0] == found[1]
    rows, rejected = found[0]
    assert sorted([row["_line"] for row in rows] + rejected) == list(range(1, len(records) + 1))
    for row in rows:
        record = records[row["_line"] - 1]
        for name, written in record.items():
            assert is_same(row.get(name), written), (row, record)


def is_same(read: Any, written: Any) -> bool:
    """Whether a cell is the value that was written, in the spelling of its column."""
    if read is None or type(read) is type(written):
        return read == written or written in SPELLED
    if isinstance(read, str):
        return read == (str(written).lower() if isinstance(written, bool) else str(written))
    if isinstance(read, bool):
        return str(written).strip().lower() == str(read).lower()
    return float(written) == read and not isinstance(written, bool)


def run(folder: Path) -> tuple[list[dict[str, Any]], list[int]]:
    reading = Reading(folder, folder, MediaWriter(folder))
    tables = list(Jsonl(path="a.jsonl").read_rows(reading))
    rows = [row for table in tables for row in table.to_pylist()]
    return rows, reading.rejects.table()["line"].to_pylist()


def test_lists_that_are_asked_for_are_kept_as_json(read: Acquire, write) -> None:
    spans = [{"start": 0, "end": 2, "label": "城市"}]
    lines = [
        {"文": "北京", "spans": spans},
        {"文": "海", "spans": []},
        {"文": "x", "spans": "none"},
    ]
    write("\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode() + b"\n")
    result = read({"jsonl": {"path": "a.jsonl", "as_json": ["spans"]}})
    texts = result.column("spans")
    assert [json.loads(text) for text in texts[:2]] == [spans, []]
    assert texts[2] == "none", "what is no list stays as it is"
    assert "城市" in texts[0], "as people read it"


def test_a_nested_column_is_left_out_and_the_others_are_read(
    read: Acquire, write, told: Told
) -> None:
    write(b'{"a":1,"b":[1]}\n{"a":2,"b":null}\n{"a":3,"b":{"c":1}}\n{"a":4,"b":"x"}\n')
    result = read(SPEC)
    assert result.column("a") == [1, 2, 3, 4]
    assert list(result.dataset.columns) == ["a"]
    assert told.warnings == [
        "column 'b' is left out: it holds an object or array in 2 of the 3 records that have it, "
        "which no feature reads; as_json: [b] keeps it as text"
    ]
    with pytest.raises(DataError, match=r"column b.*object or array in 2 of the 3") as caught:
        read({"jsonl": {"path": "a.jsonl", "columns": ["a", "b"]}})
    assert "take it out of the option `columns`" in str(caught.value)


def test_columns_are_seen_before_reading_where_the_file_is_small(
    read: Acquire, write, project: Path
) -> None:
    write(
        b'{"a":1,"b":[1]}\n{"a":1.5,"c":"x"}\n'
        + b'{"a":'
        + b"[" * 20_000
        + b"]" * 20_000
        + b"}"
        + b"\n"
    )
    seen = Jsonl(path="a.jsonl").seen_columns(project, project)
    assert seen is not None
    result = read(SPEC)
    assert {one.name: one.type for one in seen if not one.left_out} == result.dataset.columns
    assert {one.name: one.left_out for one in seen if one.left_out} == result.dataset.left_out
    write(b'{"a":1}\n' * 20_000)
    assert Jsonl(path="a.jsonl").seen_columns(project, project) is None


LONG_TEXTS = {
    "a megabyte": "长文 a b " * 150_000,
    "without a blank": "字" * 400_000,
    "digits and a letter": "1" * 1_000_000 + "x",
    "dots": "1." * 500_000,
    "nul": "a\0b" * 9,
    "zero width and bidi": "a\u200b\u200d\u2060\ufeffb \u202eabc\u202c \u2067x\u2069",
    "beyond the plane": "𠮷😀\U000e0001",
    "line ends": "a\r\nb\rc\u2028d\x85e\vf",
    "combining": "e\u0301 é \ufb01 \uff21",
    "control tokens": "[SEP] <|im_end|> </s>",
    "not a character": "\uffff\ufdd0",
}


@pytest.mark.parametrize("case", LONG_TEXTS)
@pytest.mark.parametrize("escaped", [True, False])
def test_texts_are_read_without_loss(read: Acquire, write, case: str, escaped: bool) -> None:
    text = LONG_TEXTS[case]
    record = json.dumps({"text": text, "label": "x"}, ensure_ascii=escaped)
    write(f'{record}\n{{"text": "other", "label": "y"}}\n'.encode())
    result = read(SPEC)
    is_whole = result.column("text")[0] == text  # the difference of such texts is not shown
    assert is_whole
    assert not result.rejects


def test_long_texts_are_handed_on_before_they_fill_the_memory(
    project: Path, write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "_BLOCK_BYTES", 1_000)
    write(b"".join(b'{"a":"%d%s"}\n' % (i, b"x" * 400) for i in range(10)))
    reading = Reading(project, tmp_path, MediaWriter(tmp_path))
    sizes = [table.num_rows for table in Jsonl(path="a.jsonl").read_rows(reading)]
    assert sizes == [3, 3, 3, 1]
