"""An index: the vectors of many rows, the rows themselves, and the encoder that made them.

A folder with `vectors-MARK.npy` (float32, a row each, of length 1), `rows-MARK.parquet` and
`index.json`, which says the mark.  A new index is written beside the old one, which answers until
`index.json` is replaced; then the files that nothing names are deleted.  Vectors of two encoders
have nothing to do with each other, so the digest of the bundle is kept, and a query by another one
is refused.

A search is exact: one product of the query with all vectors, some at a time from a memory map.

Cost: of N rows with D numbers 4 N D bytes on disk; a query reads them once, and the rows to show
what it found.

Shapes: N rows, Q queries, K answers of each, D numbers of a vector.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Annotated, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, ValidationError

from stoker.bundle.predictor import Predictor
from stoker.core.canonical import canonical_json
from stoker.core.errors import ArtifactError, DataError, MachineError, Place
from stoker.core.names import listed
from stoker.core.value import Value
from stoker.engine.table_file import TableWriter, read_table
from stoker.store.durable import (
    flush_tree,
    is_temporary,
    machine_errors,
    make_folder,
    remove_tree,
    sweep,
    write_file,
)
from stoker.store.locks import try_lock

ABOUT = "index.json"
_OWN = re.compile(r"index\.json|(?:vectors|rows)-(?P<mark>[0-9a-f]{16})\.(?:npy|parquet)")
FORMAT = 1
_BLOCK_ROWS = 65_536
_AGAIN = "make the index again: stoker index"


class About(Value):
    """What an index knows of itself."""

    format: Annotated[int, Field(ge=1, le=FORMAT)] = FORMAT
    bundle: str
    """Where its encoder was found: a folder, or NAME@VERSION of the catalog."""
    digest: str
    """SHA-256 of the bundle."""
    mark: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
    """IndexPart of the names of its files of vectors and rows."""
    rows: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    """Numbers of a vector."""
    text: str
    """Column of the text that vectors were made of."""


class IndexPart(NamedTuple):
    """Some rows and their vectors."""

    rows: pa.Table
    vector_ND: np.ndarray
    """Float32."""


class Nearest(NamedTuple):
    """The nearest rows to each query, nearest first."""

    place_QK: np.ndarray
    """Places of rows in the index, int64."""
    cosine_QK: np.ndarray
    """Float32."""


@dataclass(frozen=True)
class Index:
    """An index that was opened."""

    folder: Path
    about: About
    vector_ND: np.ndarray
    """Memory-mapped."""

    def check(self, predictor: Predictor) -> None:
        """Refuse vectors of another encoder.

        Raises:
            ArtifactError: If it is not the bundle that made the index.
        """
        digest = str(predictor.info["digest"])
        if digest != self.about.digest:
            raise ArtifactError(
                f"the index was made by the encoder {self.about.digest[:12]}, and this one is "
                f"{digest[:12]}; their vectors have nothing to do with each other",
                expected=f"the bundle that made it, {self.about.bundle}",
                fix=_AGAIN,
                place=Place(str(self.folder)),
            )

    def search(self, query_QD: np.ndarray, most: int = 10) -> Nearest:
        """The nearest rows by cosine; of equally near ones the first.

        Args:
            query_QD: Vectors of length 1.
            most: Answers of each query.
        """
        return nearest(self.vector_ND, query_QD, most)

    def rows_at(self, place_K: np.ndarray) -> pa.Table:
        """The rows of some places."""
        return read_table(_rows(self.folder, self.about.mark)).take(pa.array(place_K))


def nearest(vector_ND: np.ndarray, query_QD: np.ndarray, most: int) -> Nearest:
    """The rows whose product with each query is largest, largest first.

    >>> found = nearest(np.eye(3, dtype=np.float32), np.array([[0.0, 0.8, 0.6]], np.float32), 2)
    >>> found.place_QK.tolist(), found.cosine_QK.round(1).tolist()
    ([[1, 2]], [[0.800000011920929, 0.6000000238418579]])
    """
    most = min(most, len(vector_ND))
    place_QK = np.empty((len(query_QD), 0), np.int64)
    cosine_QK = np.empty((len(query_QD), 0), np.float32)
    for begin in range(0, len(vector_ND), _BLOCK_ROWS):
        cosine_QB = query_QD @ np.asarray(vector_ND[begin : begin + _BLOCK_ROWS]).T
        place_QB = np.broadcast_to(np.arange(cosine_QB.shape[1]) + begin, cosine_QB.shape)
        place_QK = np.concatenate([place_QK, place_QB], axis=1)
        cosine_QK = np.concatenate([cosine_QK, cosine_QB], axis=1)
        kept_QK = _largest(cosine_QK, most)
        place_QK = np.take_along_axis(place_QK, kept_QK, 1)
        cosine_QK = np.take_along_axis(cosine_QK, kept_QK, 1)
    return Nearest(place_QK, cosine_QK)


def _largest(value_QB: np.ndarray, most: int) -> np.ndarray:
    """Places of the largest values of each row, largest first, of equal ones the first."""
    if value_QB.shape[1] > 4 * most:
        least_Q1 = np.partition(value_QB, -most, axis=1)[:, [-most]]
        value_QB = np.where(value_QB >= least_Q1, value_QB, -np.inf)
    return np.argsort(-value_QB, axis=1, kind="stable")[:, :most]


def write_index(
    folder: Path, parts: Iterable[IndexPart], predictor: Predictor, *, bundle: str, text: str
) -> About:
    """Write an index whole.

    Args:
        folder: Where it will be; an index that is there already answers until then.
        parts: Rows and their vectors.
        predictor: Made the vectors.
        bundle: Where it can be found again.
        text: Column of the texts.

    Raises:
        DataError: If there are no rows, their columns differ, or the folder holds something else.
        MachineError: If it cannot be written, or another process writes it now.
    """
    _check_own(folder)
    make_folder(folder)
    with _alone(folder):
        try:
            mark = token_hex(8)
            rows, width = _write_parts(folder, mark, parts)
            about = About(
                bundle=bundle,
                digest=str(predictor.info["digest"]),
                mark=mark,
                rows=rows,
                width=width,
                text=text,
            )
            flush_tree(folder)
            write_file(folder / ABOUT, canonical_json(about.model_dump(mode="json")) + b"\n")
        finally:
            _sweep(folder)
    return about


def _check_own(folder: Path) -> None:
    """Refuse a folder that holds something else.

    Raises:
        DataError: Naming the first of it.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError("is a file", expected="a folder", place=Place(str(folder)))
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    others = [name for name in names if not (_OWN.fullmatch(name) or is_temporary(Path(name)))]
    if others:
        raise DataError(
            f"is no index: it holds {others[0]!r}",
            expected="a new folder, or one that stoker index made",
            fix="name another",
            place=Place(str(folder)),
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with machine_errors(f"lock {folder}"):
        lock = try_lock(folder)
    if lock is None:
        raise MachineError(f"another process writes the index {folder}", fix="wait for its end")
    try:
        yield
    finally:
        os.close(lock)


def _sweep(folder: Path) -> None:
    """Delete what the index does not name, and the folder where there is none; damage stays."""
    about, mark = folder / ABOUT, None
    if about.is_file():
        try:
            mark = About.model_validate_json(about.read_bytes()).mark
        except ValidationError:
            return
    sweep(folder)
    for path in list(folder.iterdir()):
        own = _OWN.fullmatch(path.name)
        if own and own["mark"] not in (None, mark):
            remove_tree(path)
    if mark is None:
        with suppress(OSError):
            folder.rmdir()


def _write_parts(folder: Path, mark: str, parts: Iterable[IndexPart]) -> tuple[int, int]:
    """Write rows and vectors one after the other; how many there are and how wide."""
    width = 0
    with (
        machine_errors(f"write {folder}"),
        _vectors(folder, mark).open("wb") as file,
        TableWriter(_rows(folder, mark)) as rows,
    ):
        for part in parts:
            if not rows.rows:
                width = part.vector_ND.shape[1]
                _write_header(file, (0, width))
            _write_rows(rows, part.rows)
            file.write(np.ascontiguousarray(part.vector_ND, "<f4").data)
        if not rows.rows:
            raise DataError("there are no rows to look for", expected="at least one row")
        file.seek(0)
        _write_header(file, (rows.rows, width))
    return rows.rows, width


def _write_rows(writer: TableWriter, rows: pa.Table) -> None:
    """Append rows.

    Raises:
        DataError: If their columns, or the types of these, are not those of the rows before.
    """
    before = rows.schema if writer.schema is None else writer.schema
    try:
        if rows.column_names != before.names:
            raise pa.ArrowInvalid(f"they have {listed(rows.column_names)}")
        writer.write(rows)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"rows differ from those before them: {str(error).splitlines()[0]}",
            expected=f"the columns {listed(before.names)}, each of one type",
            fix="make an index of each kind of file",
        ) from None


def _vectors(folder: Path, mark: str) -> Path:
    return folder / f"vectors-{mark}.npy"


def _rows(folder: Path, mark: str) -> Path:
    return folder / f"rows-{mark}.parquet"


def _write_header(file: BinaryIO, shape: tuple[int, int]) -> None:
    """The head of a file of numpy, which leaves room for the number of rows to grow."""
    about = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)


def open_index(folder: Path) -> Index:
    """Open an index.

    Raises:
        ArtifactError: If it is none, or its parts do not fit together.
    """
    place = Place(str(folder))
    try:
        about = About.model_validate(json.loads((folder / ABOUT).read_bytes()))
        vector_ND = np.load(_vectors(folder, about.mark), mmap_mode="r", allow_pickle=False)
        rows = pq.read_metadata(_rows(folder, about.mark)).num_rows
    except (OSError, ValueError, ValidationError, pa.ArrowInvalid) as error:
        said = str(error).splitlines()[0]
        raise ArtifactError(f"is no index ({said})", fix=_AGAIN, place=place) from None
    if vector_ND.shape != (about.rows, about.width) or rows != about.rows:
        raise ArtifactError(
            f"holds {vector_ND.shape[0]} vectors and {rows} rows",
            expected=f"{about.rows} of each, of {about.width} numbers",
            fix=_AGAIN,
            place=place,
        )
    return Index(folder, about, vector_ND)
