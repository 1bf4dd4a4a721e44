"""What sources promise.

Cost: the example is read four times, into folders that go afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stoker.core.steps import make_step, step_spec
from stoker.data.acquire import OWN_COLUMNS, Source
from stoker.data.dataset import Dataset
from stoker.data.read_sources import acquire
from stoker.data.source_state import source_fingerprint
from stoker.engine.table_file import read_table

STAGE = "stoker.data.acquire"
_FAR = 10
"""How many times too many or too few rows a guess may tell."""


def assert_source(
    source: Source,
    project: Path,
    *,
    rows: Sequence[Mapping[str, Any]],
    rejects: Sequence[tuple[str | None, int | None]] = (),
    cache: Path | None = None,
) -> None:
    """A source gives these rows and rejects, in this order, and what it tells beforehand is so.

    Args:
        source: The source, with its fields.
        project: Folder where its paths start.
        rows: Every row that it gives, with `_line` and, where it has several files, `_source`;
            write more than one chunk of them, and a cell such as `1+1` that is to stay as it is.
            Media columns are left out.
        rejects: File and line of each record that is left out; None for either: it has none.
        cache: Folder for downloads; absent: one that goes afterwards.

    Raises:
        AssertionError: If a promise is broken.
    """
    assert make_step(STAGE, step_spec(source), Source) == source, "it survives being a recipe"
    with TemporaryDirectory() as made:
        folder = Path(made)
        cache = cache or folder / "cache"
        first = _read(source, project, cache, folder / "first")
        _assert_rows(first, rows)
        _assert_rejects(first, rejects)
        _assert_every_record_once(first)
        for name in ("second", "third"):
            again = _read(source, project, cache, folder / name)
            for path in first.folder.iterdir():
                same = path.read_bytes() == (again.folder / path.name).read_bytes()
                assert same, f"two reads give another {path.name}"
        _assert_tells(source, first, project, cache)
        if source.text_cells() is not None:
            as_it_stands = _read(source.verbatim(), project, cache, folder / "verbatim")
            _assert_reads_as_told(source, first, as_it_stands)


def _read(source: Source, project: Path, cache: Path, folder: Path) -> Dataset:
    folder.mkdir()
    acquire([source], folder, project=project, cache=cache)
    return Dataset.open(folder)


def _assert_rows(dataset: Dataset, rows: Sequence[Mapping[str, Any]]) -> None:
    found = read_table(dataset.rows_path)
    assert found.num_rows == len(rows), f"gives {found.num_rows} rows, not {len(rows)}"
    own = {*found.column_names} - {"_row", "_source", "_part", *dataset.media_columns}
    for number, (row, wanted) in enumerate(zip(found.to_pylist(), rows, strict=True)):
        told = {name: row[name] for name in own | (wanted.keys() & row.keys())}
        assert told == dict(wanted), f"row {number} is {told}, not {dict(wanted)}"
    for column in dataset.media_columns:
        assert all(dataset.media.read(found[column]).to_pylist()), f"{column}: numbers of media"


def _assert_rejects(dataset: Dataset, rejects: Sequence[tuple[str | None, int | None]]) -> None:
    found = read_table(dataset.rejects_path)
    places = list(zip(found["source"].to_pylist(), found["line"].to_pylist(), strict=True))
    assert places == list(rejects), f"rejects {places}, not {list(rejects)}"
    assert all(found["reason"].to_pylist()), "a reject has a reason"
    assert all(found["step"].to_pylist()), "a reject names the step"


def _assert_every_record_once(dataset: Dataset) -> None:
    """A line is that of one record: the split and the report go by it."""
    found = read_table(dataset.rows_path, ["_source", "_line"])
    places = list(zip(found["_source"].to_pylist(), found["_line"].to_pylist(), strict=True))
    assert all(line >= 1 for _, line in places), "lines count from 1"
    assert len(set(places)) == len(places), "every row has a file and line of its own"


def _assert_tells(source: Source, dataset: Dataset, project: Path, cache: Path) -> None:
    """Columns, size and state are those of the rows."""
    told = source.extent(project, cache)
    total = dataset.info["rows_in"]
    if told.rows is not None and told.exact:
        assert told.rows in (total, dataset.info["rows_out"]), f"says exactly {told.rows} rows"
    elif told.rows is not None:
        assert total / _FAR <= told.rows + 1 <= _FAR * (total + 1), f"guesses {told.rows} rows"
    seen = source.seen_columns(project, cache)
    if seen is not None:
        names = {column.name for column in seen if not column.left_out}
        assert names == {*dataset.columns} - {*OWN_COLUMNS}, f"sees the columns {sorted(names)}"
    files = source.files(project, cache)
    assert files == source.files(project, cache), "files come in one order"
    state = source_fingerprint([source], project, cache)
    assert state, "a source says by `files` or `state` what its rows follow from"
    assert state == source_fingerprint([source], project, cache), "equal data has an equal state"


def _assert_reads_as_told(source: Source, dataset: Dataset, as_it_stands: Dataset) -> None:
    """A bundle reads cells by `text_cells`; it must find what training found."""
    cells = source.text_cells()
    assert cells is not None, "it reads text"
    names = list(dataset.columns)
    told = cells.read_table(read_table(as_it_stands.rows_path, names)).to_pydict()
    assert told == read_table(dataset.rows_path, names).to_pydict(), "text is read as it says"
