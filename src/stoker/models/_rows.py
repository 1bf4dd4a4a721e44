"""Training and validation rows as one table in an order of its own, and their division into folds.

Rows are put in an order that depends on what is in them and not on where they stood: by a hash of
their bins and their target.  So the same rows in another order give the same model, and so do the
same rows in other units.  Rows with equal bins and targets are alike to every tree.

Folds are dealt within each class, or along the order of a target that is a number, so that each
looks like the whole; rows of one unit (a writer, a patient) stay in one fold.

Cost: of up to 200,000 rows one number of 4 bytes for each row and column, and a sort of the rows;
more are never all in memory but as LightGBM's own bytes, one a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from stoker.core.errors import RecipeError
from stoker.core.seeds import derive_seed
from stoker.models._bins import Field, encode, fit_fields, spread
from stoker.models._joined import Joined
from stoker.models._lightgbm import lightgbm

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet

MOST_BINS = 255
_WIDE_BINS = 63
"""Bins of a number where columns outnumber rows: a round of trees costs columns times bins then."""
_MOST_SORTED = 200_000
"""Rows up to which they are put in order; more are so many that no row matters."""
_SAMPLED_ROWS = 200_000
"""Rows from which LightGBM learns which bins there are."""
_BLOCK_ROWS = 32_768
"""Rows whose bins are in memory at once where there are many."""
_TYPES = tuple(map(np.dtype, (np.float64, np.float32, np.int32)))


@dataclass(frozen=True)
class TableRows:
    """Rows to learn from, and rows to choose by."""

    columns: Joined
    target_N: np.ndarray
    """Class codes, or standardised values."""
    num_outputs: int
    num_train: int
    """Rows of the training part; the others are of the validation part."""
    place_N: np.ndarray
    """Where each row stood: training rows first, then validation rows."""
    unit_N: np.ndarray | None
    weight_K: np.ndarray | None
    max_bins: int
    seed: int
    binned: tuple[tuple[Field, ...], np.ndarray] | None
    """Fields, and the bins of every row as float32 (N, F), where rows were put in order by them."""

    def __len__(self) -> int:
        """Rows."""
        return len(self.target_N)

    @property
    def has_classes(self) -> bool:
        """Whether the target is a class."""
        return self.target_N.dtype.kind == "i"

    @cached_property
    def weight_N(self) -> np.ndarray | None:
        """Weight of each row, float32; None where all count alike."""
        return None if self.weight_K is None else self.weight_K[self.target_N]

    @cached_property
    def target_NK(self) -> np.ndarray:
        """One-hot classes, or values as one column, float64."""
        if not self.has_classes:
            return self.target_N.astype(np.float64)[:, None]
        return np.eye(self.num_outputs)[self.target_N]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """What trees look at."""
        if self.binned is not None:
            return self.binned[0]
        return fit_fields(self.columns, self.max_bins, self.seed)

    def ranks(self, index_M: np.ndarray) -> np.ndarray:
        """Bins of some rows, float32 (M, F)."""
        if self.binned is not None:
            return self.binned[1][index_M]
        return encode(self.fields, self.columns.some(index_M))

    @cached_property
    def categories(self) -> list[int]:
        """Fields that hold codes."""
        return [place for place, field in enumerate(self.fields) if field.edges is None]

    @cached_property
    def dataset(self) -> Any:
        """The bins as LightGBM keeps them."""
        if self.binned is not None:
            return self._dataset_of(self.binned[1], self.target_N, self.weight_N)
        sample_M = self._telling_rows()
        known = self._dataset_of(self.ranks(sample_M), self.target_N[sample_M], None)
        whole = lightgbm().Dataset(
            _blocks(self), self.target_N, reference=known, weight=self.weight_N, params=known.params
        )
        return whole.construct()

    def _dataset_of(
        self, rank_NF: np.ndarray, target_N: np.ndarray, weight_N: np.ndarray | None
    ) -> Any:
        sizes = [field.size + 1 for field in self.fields]
        settings = {
            "max_bin_by_feature": [max(2, min(size, 65_000)) for size in sizes],
            "min_data_in_bin": 1,
            "feature_pre_filter": False,
            "verbose": -1,
            "num_threads": 1,
            "bin_construct_sample_cnt": max(1, len(rank_NF)),
        }
        whole = lightgbm().Dataset(
            rank_NF,
            target_N,
            weight=weight_N,
            categorical_feature=self.categories,
            params=settings,
        )
        return whole.construct()

    def _telling_rows(self) -> np.ndarray:
        """Evenly spaced rows, and one for each column in which cells are missing."""
        found = [np.arange(0, len(self), -(-len(self) // _SAMPLED_ROWS))]
        for field, (_, _, value_N) in zip(self.fields, spread(self.columns), strict=True):
            if field.edges is not None and field.middle is None:
                found.append(np.flatnonzero(np.isnan(value_N))[:1])
        return np.unique(np.concatenate(found))

    @cached_property
    def train_M(self) -> np.ndarray:
        """Rows of the training part."""
        return np.flatnonzero(self.place_N < self.num_train)

    @cached_property
    def validation_M(self) -> np.ndarray:
        """Rows of the validation part."""
        return np.flatnonzero(self.place_N >= self.num_train)

    def validation_order(self, value_NK: np.ndarray) -> np.ndarray:
        """Values of all rows as those of the validation rows, in the order of their part."""
        found_NK = np.empty_like(value_NK)
        found_NK[self.place_N] = value_NK
        return found_NK[self.num_train :]

    def folds(self, count: int, seed: int) -> np.ndarray:
        """Fold of each row, 0 to `count` - 1."""
        unit_N = np.arange(len(self)) if self.unit_N is None else self.unit_N
        _, first_U, unit_N = np.unique(unit_N, return_index=True, return_inverse=True)
        draw_U = np.random.default_rng(derive_seed(seed, "folds")).random(len(first_U))
        target_U = self.target_N[first_U]
        block_U = target_U
        if not self.has_classes:
            rank_U = np.empty(len(first_U), np.int64)
            rank_U[np.argsort(target_U, kind="stable")] = np.arange(len(first_U))
            block_U = rank_U // count
        order_U = np.lexsort((draw_U, block_U))
        fold_U = np.empty(len(first_U), np.int64)
        fold_U[order_U] = np.arange(len(first_U)) % count
        return fold_U[unit_N]


def bins_for(num_rows: int, num_columns: int) -> int:
    """Most bins of a number that trees look at.

    >>> bins_for(300, 20), bins_for(300, 6_000)
    (255, 63)
    """
    return MOST_BINS if num_columns <= num_rows else _WIDE_BINS


def join(  # noqa: PLR0913 - what a fit is handed, each by its name
    train: PreparedSet,
    validation: PreparedSet,
    num_outputs: int,
    *,
    max_bins: int,
    seed: int,
    weight_K: np.ndarray | None = None,
    unit_N: np.ndarray | None = None,
) -> TableRows:
    """Training and validation rows as one table.

    Args:
        train: Rows to learn from.
        validation: Rows to choose by.
        num_outputs: Classes, or 1.
        max_bins: Most bins of a number.
        seed: Source of all randomness.
        weight_K: Weight of the rows of each class.
        unit_N: Unit of each row of both, training rows first; rows of one share a fold.

    Raises:
        RecipeError: If a column holds neither numbers nor codes (an image).
    """
    for name, column in train.columns.items():
        if column.ndim > 2 or column.dtype not in _TYPES:
            raise RecipeError(
                f"a model of tables cannot read the column {name!r}, which holds "
                f"{column.dtype} {column.shape[1:]} a row",
                expected="columns of numbers or categories only",
                fix="choose mlp, cnn or resnet, or leave `model` out and let the preset choose",
            )
    columns = Joined([train.columns, validation.columns])
    target_N = np.concatenate([train.target, validation.target])
    place_N, binned = np.arange(len(target_N)), None
    if len(target_N) <= _MOST_SORTED:
        fields = fit_fields(columns, max_bins, seed)
        rank_NF = encode(fields, columns)
        place_N = np.argsort(_hashes(rank_NF, target_N), kind="stable")
        columns.order_N = place_N
        binned, target_N = (fields, rank_NF[place_N]), target_N[place_N]
    return TableRows(
        columns=columns,
        target_N=target_N,
        num_outputs=num_outputs,
        num_train=len(train.target),
        place_N=place_N,
        unit_N=None if unit_N is None else unit_N[place_N],
        weight_K=weight_K,
        max_bins=max_bins,
        seed=seed,
        binned=binned,
    )


def _blocks(rows: TableRows) -> Any:
    """The bins of all rows as LightGBM asks for them, some rows at a time."""

    def of(_: object, asked: slice) -> np.ndarray:
        return rows.ranks(np.arange(asked.start, asked.stop))

    # LightGBM is imported late, so its base class is known only here.
    methods = {"batch_size": _BLOCK_ROWS, "__len__": lambda _: len(rows), "__getitem__": of}
    return type("Blocks", (lightgbm().Sequence,), methods)()


def _hashes(rank_NF: np.ndarray, target_N: np.ndarray) -> np.ndarray:
    """A number of each row's bins and target, uint64 (multiply and shift, as SplitMix64 does)."""
    hash_N = np.zeros(len(target_N), np.uint64)
    wide = target_N.astype(np.float64).view(np.uint64)
    for value_N in (wide, *(column.astype(np.float64).view(np.uint64) for column in rank_NF.T)):
        hash_N = (hash_N ^ value_N) * np.uint64(0xBF58_476D_1CE4_E5B9)
        hash_N ^= hash_N >> np.uint64(29)
        hash_N *= np.uint64(0x94D0_49BB_1331_11EB)
        hash_N ^= hash_N >> np.uint64(32)
    return hash_N
