"""Keep one of each set of texts that are nearly the same.

Two texts are if they share most of their shingles (runs of three words; of three signs in Chinese,
Japanese, Thai): the Jaccard similarity, 0.8 of all that stand in either by default.  Sets are what
hangs together by such pairs, so two texts of a set may be less alike than that.  Candidates come
from MinHash, every pair is then compared shingle by shingle, so no row goes because two numbers met
by chance, and of a hundred pairs at the similarity one may be missed.

This is done before the split, so that no text is learned in one wording and asked in another; and a
text of a part that a source names (a published test set, a benchmark that must not leak) stays
while its likes in training go.

Similar texts under different labels: see `exact_duplicates`; where the target is a class, it is the
label by itself.  With `conflicts: keep` texts that are nearly the same stay, one a label, and the
split may put them into different parts.

Cost: 15 to 20 MB of text a second on one core.  Memory: 8 bytes a shingle, and from 32 million of
them on only those of texts that have likes, which are then read twice; 100 bytes a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stoker.answers.classes import ClassAnswers
from stoker.cells.raw import is_text, one_array
from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.core.steps import step_name
from stoker.data.chunks import media_slices
from stoker.data.clean._alike import pair_similarity_P, sets_of
from stoker.data.clean._minhash import band_keys, bands_for, buckets
from stoker.data.clean._one_of_each import OneOfEach, Sets, places
from stoker.data.clean._shingles import MOST_TEXTS, Shingles, joined, shingles
from stoker.data.dataset import Dataset
from stoker.engine import from_arrow, load_daft, to_arrow
from stoker.tasks import Task

if TYPE_CHECKING:
    from stoker.engine import Frame

_BATCH_BYTES = 1 << 19
"""Text of which shingles are made at once: what the arrays over its bytes take fits a cache."""
_SEEN = 400
"""Characters of a cell that are looked at to tell whether it is a text."""
_MOST_KEPT = 1 << 25
"""Shingles (256 MiB) up to which no text is looked at twice."""
_LEAST_BLANKS = 5
_LEAST_SIGNS = 20
"""Blanks, or bytes beyond one a character, of a mean cell from which a column holds texts."""


class NearDuplicates(OneOfEach):
    """Reject rows whose text was nearly already there."""

    seconds_per_mb: ClassVar[float] = 0.07

    columns: tuple[str, ...] | None = None
    """Columns that make the text, joined; absent: those with cells of several words on average."""

    similarity: Annotated[float, Field(ge=0.5, le=1)] = 0.8
    """Share of shingles, of all that stand in either of two texts, that both must have."""

    shingle: Annotated[int, Field(ge=1, le=16)] = 3
    """Neighbouring words that make a shingle, or signs of scripts written without blanks."""

    def is_one_thing(self, dataset: Dataset, task: Task) -> bool:
        """One text of two classes is a mistake; numbers of similar texts may well differ."""
        return issubclass(task.gives, ClassAnswers)

    def find_sets(self, rows: Frame, dataset: Dataset) -> Sets:
        """Texts that hang together by pairs that are similar enough."""
        table = to_arrow(rows.select("_row", *self.also).sort("_row"))
        columns = self._texts(rows)
        row_N = table["_row"].to_numpy()
        look = self._look(rows, columns)
        text_row_T, key_TB = look.in_order(bands_for(self.similarity).count)
        text_K, bucket_KB = buckets(key_TB)
        row_K = text_row_T[text_K]
        found = self._shingles_of(rows, columns, look, row_K)
        set_K = sets_of(found, bucket_KB, self.similarity)
        index_K = np.searchsorted(row_N, row_K)
        set_N, place_N = np.arange(len(row_N)), np.zeros(len(row_N), np.int64)
        set_N[index_K], place_N[index_K] = index_K[set_K], np.arange(len(index_K))

        def alike(at: np.ndarray, other: np.ndarray) -> pa.Array:
            similarity_P = pair_similarity_P(found, place_N[at], place_N[other])
            return _alike(places(table, other), similarity_P, self.similarity)

        notes: dict[str, object] = {"texts": len(text_row_T), "similarity": self.similarity}
        return Sets(table, set_N, alike, columns, "texts", notes)

    def _texts(self, rows: Frame) -> list[str]:
        """Columns that make the text."""
        kinds = {field.name: field.dtype.to_arrow_dtype() for field in rows.schema()}
        if self.columns is not None:
            if others := [name for name in self.columns if not is_text(kinds[name])]:
                raise RecipeError(
                    f"{step_name(self)}: column {others[0]!r} holds {kinds[others[0]]} and no text",
                    expected="columns of text",
                )
            return [name for name in self.columns if name != self.label]
        texts = [
            n for n, kind in kinds.items() if is_text(kind) and n[0] != "_" and n != self.label
        ]
        columns = _with_several_words(rows, texts)
        if not columns:
            events.warning(
                f"{step_name(self)} finds no column of texts and compares nothing; name one under "
                "its `columns`"
            )
        return columns

    def _look(self, rows: Frame, columns: list[str]) -> _Look:
        """Look at all texts once."""
        look = _Look([], [], [])
        for row_B, texts in _batches(rows, columns):
            found = shingles(texts, self.shingle)
            has_words = found.size_N > 0
            found = found.only(has_words)
            look.rows.append(row_B[has_words])
            look.keys.append(band_keys(found, self.similarity))
            look.keep(found)
        return look

    def _shingles_of(
        self, rows: Frame, columns: list[str], look: _Look, row_K: np.ndarray
    ) -> Shingles:
        """The shingles of the texts of some rows, in the order of their ids, which rise."""
        if look.shingles is not None:
            return joined(look.shingles, _places(row_K, look.rows))
        wanted = from_arrow(pa.table({"_row": row_K}))
        batches = list(_batches(rows.join(wanted, on="_row", how="semi"), columns))
        found = [shingles(texts, self.shingle) for _, texts in batches]
        return joined(found, _places(row_K, [row_B for row_B, _ in batches]))


@dataclass
class _Look:
    """What the first look at the texts gives, batch by batch."""

    rows: list[np.ndarray]
    """Ids of the rows that have a word."""
    keys: list[np.ndarray]
    """Numbers of their bands."""
    shingles: list[Shingles] | None
    """Their shingles; None if they are too many to keep, and those that matter are made again."""
    num_shingles: int = 0

    def keep(self, found: Shingles) -> None:
        """Keep the shingles of a batch, while they are not too many."""
        self.num_shingles += len(found.hash_S)
        if self.num_shingles > _MOST_KEPT:
            self.shingles = None
        if self.shingles is not None:
            self.shingles.append(found)

    def in_order(self, num_bands: int) -> tuple[np.ndarray, np.ndarray]:
        """Row ids, rising, and the numbers of their bands."""
        row_T = np.concatenate([np.zeros(0, np.int64), *self.rows])
        order = np.argsort(row_T)
        keys = [np.zeros((0, num_bands), np.uint64), *self.keys]
        return row_T[order], np.concatenate(keys)[order]


def _places(row_K: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    """Where the rows of some batches stand among rising ids, -1 where they do not."""
    row_N = np.concatenate([row_K[:0], *rows])
    if not len(row_K):
        return np.full(len(row_N), -1)
    place_N = np.minimum(np.searchsorted(row_K, row_N), len(row_K) - 1)
    return np.where(row_K[place_N] == row_N, place_N, -1)


def _with_several_words(rows: Frame, names: list[str]) -> list[str]:
    """Columns whose cells hold several words on average, or as many signs beyond ASCII."""
    if not names:
        return []
    daft = load_daft()
    functions, means = daft.functions, []
    for number, name in enumerate(names):
        cell = functions.left(daft.col(name), _SEEN)
        length = functions.length(cell)
        blanks = length - functions.length(functions.replace(cell, " ", ""))
        means += [
            blanks.mean().alias(f"blanks {number}"),
            (functions.length_bytes(cell) - length).mean().alias(f"beyond {number}"),
        ]
    mean = to_arrow(rows.agg(*means)).to_pylist()[0]
    return [
        name
        for number, name in enumerate(names)
        if (mean[f"blanks {number}"] or 0) >= _LEAST_BLANKS
        or (mean[f"beyond {number}"] or 0) >= _LEAST_SIGNS
    ]


def _batches(rows: Frame, columns: list[str]) -> Iterator[tuple[np.ndarray, pa.Array]]:
    """Row ids and texts, about half a megabyte at a time, in any order."""
    if not columns:
        return
    for batch in rows.select("_row", *columns).to_arrow_iter():
        cells = [one_array(batch[name]).cast(pa.large_string()) for name in columns]
        between = pa.scalar("\n", pa.large_string())
        texts = pc.binary_join_element_wise(*cells, between, null_handling="replace")
        size_B = pc.binary_length(texts).to_numpy()
        row_B = batch["_row"].to_numpy()
        for part in media_slices(size_B, most_rows=MOST_TEXTS, most_bytes=_BATCH_BYTES):
            yield row_B[part], texts[part]


def _alike(places: pa.Array, similarity_P: np.ndarray, least: float) -> pa.Array:
    """What to say of pairs of a set."""
    # Rounded down: 0.9996 is not the same text.
    shown = (f"{np.floor(1000 * one) / 1000:.3g}" for one in similarity_P.tolist())
    chain = ("" if one >= least else " by way of others" for one in similarity_P.tolist())
    ends = [f"(similarity {one}{way})" for one, way in zip(shown, chain, strict=True)]
    return pc.binary_join_element_wise("is nearly the same text as", places, pa.array(ends), " ")
