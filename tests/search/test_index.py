"""An index finds what a plain sort finds, knows its encoder, and is whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from stoker.bundle.predictor import load
from stoker.cli.app import root
from stoker.core.errors import ArtifactError, DataError, MachineError
from stoker.search import index as index_module
from stoker.search.encode import vectors_of
from stoker.search.index import IndexPart, nearest, open_index, write_index
from stoker.store.locks import try_lock
from tests.search.conftest import write_vectors

TEXTS = ["tea cup", "cup tea", "lid", "box mug", "pot pot pot", "茶 tea", "", "mug"]


@given(st.integers(0, 999), st.integers(1, 30), st.sampled_from([1, 7, 64]))
def test_the_nearest_are_those_of_a_plain_sort(seed: int, most: int, block: int) -> None:
    random = np.random.default_rng(seed)
    vector_ND = random.integers(-2, 3, (40, 3)).astype(np.float32)
    query_QD = random.integers(-2, 3, (4, 3)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "_BLOCK_ROWS", block)
        found = nearest(vector_ND, query_QD, most)
    cosine_QN = query_QD @ vector_ND.T
    expected_QK = np.argsort(-cosine_QN, axis=1, kind="stable")[:, :most]
    np.testing.assert_array_equal(found.place_QK, expected_QK)
    np.testing.assert_array_equal(found.cosine_QK, np.take_along_axis(cosine_QN, expected_QK, 1))


def test_rows_come_back_with_their_cells_and_a_second_index_takes_its_place(
    bundle: Path, tmp_path: Path
) -> None:
    predictor, folder = load(bundle), tmp_path / "x.index"
    for texts in (TEXTS[:3], TEXTS):
        vector_ND = vectors_of(predictor, texts)
        parts = [
            IndexPart(pa.table({"text": [text], "n": [place]}), vector_ND[[place]])
            for place, text in enumerate(texts)
        ]
        write_index(folder, parts, predictor, bundle=str(bundle), text="text")
    opened = open_index(folder)
    opened.check(predictor)
    assert isinstance(opened.vector_ND, np.memmap)
    found = opened.search(vectors_of(predictor, TEXTS), 1)
    rows = opened.rows_at(found.place_QK[:, 0])
    assert rows["n"].to_pylist() == list(range(len(TEXTS)))
    np.testing.assert_allclose(found.cosine_QK, 1, atol=1e-5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.index"]


def test_another_encoder_is_refused(bundle: Path, tmp_path: Path) -> None:
    predictor = load(bundle)
    part = IndexPart(pa.table({"text": TEXTS}), vectors_of(predictor, TEXTS))
    write_index(tmp_path / "i", [part], predictor, bundle=str(bundle), text="text")
    other = load(write_vectors(tmp_path, seed=1))
    with pytest.raises(ArtifactError, match="nothing to do with each other"):
        open_index(tmp_path / "i").check(other)


def test_nothing_of_the_user_is_replaced_and_no_rows_are_no_index(
    bundle: Path, tmp_path: Path
) -> None:
    predictor = load(bundle)
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(DataError, match=r"mine\.txt"):
        write_index(tmp_path, [], predictor, bundle="b", text="text")
    with pytest.raises(DataError, match="no rows"):
        write_index(tmp_path / "i", [], predictor, bundle="b", text="text")
    assert not (tmp_path / "i").exists()


@pytest.mark.parametrize("file", ["vectors-*.npy", "rows-*.parquet", "index.json"])
def test_damage_is_told(bundle: Path, tmp_path: Path, file: str) -> None:
    predictor = load(bundle)
    part = IndexPart(pa.table({"text": TEXTS}), vectors_of(predictor, TEXTS))
    write_index(tmp_path / "i", [part], predictor, bundle="b", text="text")
    (path,) = (tmp_path / "i").glob(file)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ArtifactError, match=r"is no index|holds"):
        open_index(tmp_path / "i")


def test_the_old_index_answers_until_the_new_one_is_whole(bundle: Path, tmp_path: Path) -> None:
    predictor, folder = load(bundle), tmp_path / "i"
    part = IndexPart(pa.table({"text": TEXTS}), vectors_of(predictor, TEXTS))

    def parts(last: IndexPart | None) -> Iterator[IndexPart]:
        yield part
        if folder.exists() and last is not None:
            assert open_index(folder).rows_at(np.array([0]))["text"].to_pylist() == TEXTS[:1]
            yield last

    write_index(folder, parts(None), predictor, bundle="b", text="text")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = IndexPart(pa.table({"said": TEXTS}), part.vector_ND)
    with pytest.raises(DataError, match="rows differ"):
        write_index(folder, parts(other), predictor, bundle="b", text="text")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    write_index(folder, parts(part), predictor, bundle="b", text="text")
    assert open_index(folder).about.rows == 2 * len(TEXTS)
    assert len(list(folder.iterdir())) == 3


def test_one_process_writes_an_index_at_a_time(bundle: Path, tmp_path: Path) -> None:
    predictor = load(bundle)
    part = IndexPart(pa.table({"text": TEXTS}), vectors_of(predictor, TEXTS))
    lock = try_lock(tmp_path)
    assert lock is not None
    with pytest.raises(MachineError, match="another process"):
        write_index(tmp_path, [part], predictor, bundle="b", text="text")
    os.close(lock)
    write_index(tmp_path, [part], predictor, bundle="b", text="text")


def test_a_damaged_index_can_be_made_again(bundle: Path, tmp_path: Path) -> None:
    predictor, folder = load(bundle), tmp_path / "i"
    part = IndexPart(pa.table({"text": TEXTS}), vectors_of(predictor, TEXTS))
    write_index(folder, [part], predictor, bundle="b", text="text")
    (folder / "index.json").write_text("{")
    with pytest.raises(DataError, match="no rows"):
        write_index(folder, [], predictor, bundle="b", text="text")
    write_index(folder, [part], predictor, bundle="b", text="text")
    assert open_index(folder).about.rows == len(TEXTS)
    assert len(list(folder.iterdir())) == 3


def test_the_command_line_indexes_and_searches(bundle: Path, tmp_path: Path) -> None:
    lines = "".join(f"{place},{text}\n" for place, text in enumerate(TEXTS))
    (tmp_path / "rows.csv").write_text(f"n,said\n{lines}", "utf-8")
    run, place = CliRunner(), str(tmp_path / "i")
    made = run.invoke(
        root,
        ["index", str(bundle), str(tmp_path / "rows.csv"), "--text", "said", "--into", place],
    )
    assert made.exit_code == 1, made.output
    assert "7 rows, vectors of 32 numbers" in made.output
    assert "rows.csv:8: has no text" in made.output
    found = run.invoke(root, ["search", place, "茶 tea", "-k", "2", "--json"])
    assert found.exit_code == 0, found.output
    answers = json.loads(found.stdout)
    assert answers[0] == {"cosine": 1.0, "row": {"n": "5", "said": "茶 tea"}}
    assert len(answers) == 2


def test_a_column_that_is_not_there_is_told(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("said\ntea\n", "utf-8")
    asked = ["index", str(bundle), str(tmp_path / "rows.csv"), "--into", str(tmp_path / "i")]
    made = CliRunner().invoke(root, asked)
    assert isinstance(made.exception, DataError)
    assert "no column 'text'" in str(made.exception)
    assert not (tmp_path / "i").exists()
