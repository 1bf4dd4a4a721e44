"""Duplicates: which one stays, and what happens to contradictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.core.errors import DataError, RecipeError
from stoker.data.clean.exact_duplicates import ExactDuplicates
from stoker.data.cleaning import clean_rows
from stoker.data.dataset import Dataset
from stoker.engine.table_file import read_table
from stoker.report.collect.reject_facts import by_kind
from stoker.tasks.classify import Classify

Make = Callable[..., Dataset]


@pytest.fixture(scope="module")
def kept(new_folder: Callable[[], Path]) -> Callable[..., list[int]]:
    """Ids that stay."""

    def run(dataset: Dataset, **options: object) -> list[int]:
        folder = new_folder()
        clean_rows([ExactDuplicates.model_validate(options)], dataset, folder)
        return read_table(folder / "rows.parquet")["_row"].to_pylist()

    return run


def test_the_first_row_stays(make_dataset: Make, kept: Callable) -> None:
    assert kept(make_dataset({"a": ["x", "y", "x", None, "", None], "b": [1, 1, 1, 1, 1, 1]})) == [
        0, 1, 3, 4,
    ]  # fmt: skip


def test_a_row_of_a_published_part_stays(make_dataset: Make, kept: Callable) -> None:
    parts = [None, "train", "validation", "test", "test"]
    assert kept(make_dataset({"a": ["x"] * 5}, parts=parts)) == [3]
    assert kept(make_dataset({"a": ["x"] * 3}, parts=parts[:3])) == [2]
    assert kept(make_dataset({"a": ["x"] * 2}, parts=parts[:2])) == [0]


def test_pictures_alone_make_the_content(make_dataset: Make, kept: Callable) -> None:
    pictures = {"image": [b"1", b"2", b"1"]}
    assert kept(make_dataset({"name": ["a", "b", "c"]}, media=pictures)) == [0, 1]


def test_named_columns_make_the_content(make_dataset: Make, kept: Callable) -> None:
    dataset = make_dataset({"id": [1, 2, 3], "text": ["x", "x", "y"]})
    assert kept(dataset) == [0, 1, 2]
    assert kept(dataset, columns=["text"]) == [0, 2]


def test_contradictions_are_rejected_or_one_of_each_label_stays(
    make_dataset: Make, kept: Callable, new_folder: Callable[[], Path]
) -> None:
    dataset = make_dataset({"text": list("xxyyz"), "label": ["a", "b", "a", "a", None]})
    assert kept(dataset, label="label") == [2, 4]
    assert kept(dataset, label="label", conflicts="keep") == [0, 1, 2, 4]
    folder = new_folder()
    info = clean_rows([ExactDuplicates(label="label")], dataset, folder)
    assert info["flows"][0]["notes"] == {"columns": ["text"], "duplicates": 1, "conflicts": 2}
    rejects = read_table(folder / "rejects.parquet").to_pylist()
    assert rejects[0]["reason"] == ("has the same content as rows.csv:2 but it is labelled a here")
    assert rejects[0]["column"] == "label"
    assert rejects[2]["reason"] == "has the same content as rows.csv:3"


def test_spellings_of_one_label_contradict_nothing(make_dataset: Make, tmp_path: Path) -> None:
    label = ["yes", "Y", "no", "N", "yes", "no"]
    dataset = make_dataset({"text": list("xxyyzz"), "label": label})
    step = ExactDuplicates(label="label").reading(Classify(boolean=True))
    info = clean_rows([step], dataset, tmp_path)
    assert info["flows"][0]["notes"] == {"columns": ["text"], "duplicates": 2, "conflicts": 2}
    assert read_table(tmp_path / "rows.parquet")["_row"].to_pylist() == [0, 2]


def test_a_label_of_several_lines_is_one_line_of_a_reason(
    make_dataset: Make, new_folder: Callable[[], Path]
) -> None:
    dataset = make_dataset({"text": ["x", "x", "y"], "label": ["a\n\x1b[2J", "b", "b"]})
    folder = new_folder()
    clean_rows([ExactDuplicates(label="label")], dataset, folder)
    reasons = read_table(folder / "rejects.parquet")["reason"].to_pylist()
    assert all(reason.isprintable() for reason in reasons)
    assert [fact.reason for fact in by_kind(read_table(folder / "rejects.parquet"))] == [
        "is a copy with another label"
    ]


def test_an_unknown_column_is_an_error(make_dataset: Make, kept: Callable) -> None:
    with pytest.raises(RecipeError, match="no column 'lable'"):
        kept(make_dataset({"label": [1]}), label="lable")


def test_nothing_left_is_an_error(make_dataset: Make, kept: Callable) -> None:
    with pytest.raises(DataError, match="leaves no row"):
        kept(make_dataset({"text": ["x", "x"], "label": [1, 2]}), label="label")


@settings(deadline=None, max_examples=15)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.data())
def test_what_stays_is_one_of_each_content_and_the_best(
    make_dataset: Make, kept: Callable, cells: list[str], data: st.DataObject
) -> None:
    part = st.sampled_from([None, "train", "validation", "test"])
    parts = data.draw(st.lists(part, min_size=len(cells), max_size=len(cells)))
    stay = kept(make_dataset({"a": cells}, parts=parts))
    rank = {"test": 0, "validation": 1, "train": 2, None: 2}
    best = {
        cell: min((i for i, c in enumerate(cells) if c == cell), key=lambda i: (rank[parts[i]], i))
        for cell in cells
    }
    assert stay == sorted(best.values())


def test_zeros_of_both_signs_and_missing_of_both_kinds_are_equal(
    make_dataset: Callable[..., Dataset], new_folder: Callable[[], Path]
) -> None:
    x = [*range(300), *range(300)]
    for half, other in ((0.0, -0.0), (None, float("nan"))):
        column = pa.array([half] * 300 + [other] * 300, pa.float64(), from_pandas=False)
        dataset = make_dataset({"x": x, "z": column})
        info = clean_rows([ExactDuplicates()], dataset, new_folder())
        assert info["rejected"] == 300
        labelled = ExactDuplicates(columns=("x",), label="z")
        info = clean_rows([labelled], dataset, new_folder())
        assert info["flows"][0]["notes"]["conflicts"] == 0, "one label, however it is written"
