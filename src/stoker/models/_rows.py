"""Training and validation rows as one table in an order of its own, and their division into folds.

Rows are put in an order that depends on what is in them and not on where they stood: by a hash of
their bins and their target.  So the same rows in another order give the same model, and so do the
same rows in other units.  Rows with equal bins and targets are alike to every tree.

Folds are dealt within each class, or along the order of a target that is a number, so that each
looks like the whole; rows of one unit (a writer, a patient) stay in one fold.

Cost: one number of 4 bytes for each row and column, and a sort of the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from stoker.core.errors import RecipeError
from stoker.core.seeds import derive_seed
from stoker.models._bins import Field, encode, fit_fields
from stoker.models._lightgbm import lightgbm

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet

MOST_BINS = 255
_MOST_SORTED = 200_000
"""Rows up to which they are put in order; more are so many that no row matters."""
_TYPES = tuple(map(np.dtype, (np.float64, np.float32, np.int32)))


class Joined(Mapping[str, np.ndarray]):
    """Columns of several parts end to end, made one at a time when they are asked for."""

    def __init__(self, parts: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Keep the parts."""
        self._parts = parts
        self.order_N: np.ndarray | None = None
        """Which row of the parts stands at each place; None: as they come."""

    def __getitem__(self, name: str) -> np.ndarray:
        """The column of this name."""
        joined = np.concatenate([part[name] for part in self._parts])
        return joined if self.order_N is None else joined[self.order_N]

    def __iter__(self) -> Iterator[str]:
        """Names of columns."""
        return iter(self._parts[0])

    def __len__(self) -> int:
        """Number of columns."""
        return len(self._parts[0])


@dataclass(frozen=True)
class Rows:
    """Rows to learn from, and rows to choose by."""

    columns: Joined
    target_N: np.ndarray
    """Class codes, or standardised values."""
    num_outputs: int
    fields: tuple[Field, ...]
    rank_NF: np.ndarray
    """Bins of every field, float32."""
    num_train: int
    """Rows of the training part; the others are of the validation part."""
    place_N: np.ndarray
    """Where each row stood: training rows first, then validation rows."""
    unit_N: np.ndarray | None
    weight_K: np.ndarray | None

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
    def categories(self) -> list[int]:
        """Fields that hold codes."""
        return [place for place, field in enumerate(self.fields) if field.edges is None]

    @cached_property
    def dataset(self) -> Any:
        """The bins as LightGBM keeps them."""
        sizes = [field.size + 1 for field in self.fields]
        settings = {
            "max_bin_by_feature": [max(2, min(size, 65_000)) for size in sizes],
            "min_data_in_bin": 1,
            "feature_pre_filter": False,
            "verbose": -1,
            "num_threads": 1,
            "bin_construct_sample_cnt": max(1, len(self)),
        }
        whole = lightgbm().Dataset(
            self.rank_NF,
            self.target_N,
            weight=self.weight_N,
            categorical_feature=self.categories,
            params=settings,
            free_raw_data=False,
        )
        return whole.construct()

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


def join(  # noqa: PLR0913 - what a fit is handed, each by its name
    train: PreparedSet,
    validation: PreparedSet,
    num_outputs: int,
    *,
    max_bins: int,
    seed: int,
    weight_K: np.ndarray | None = None,
    unit_N: np.ndarray | None = None,
) -> Rows:
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
    fields = fit_fields(columns, max_bins, seed)
    rank_NF = encode(fields, columns)
    place_N = np.arange(len(target_N))
    if len(target_N) <= _MOST_SORTED:
        place_N = np.argsort(_hashes(rank_NF, target_N), kind="stable")
        columns.order_N = place_N
        rank_NF, target_N = rank_NF[place_N], target_N[place_N]
    return Rows(
        columns=columns,
        target_N=target_N,
        num_outputs=num_outputs,
        fields=fields,
        rank_NF=rank_NF,
        num_train=len(train.target),
        place_N=place_N,
        unit_N=None if unit_N is None else unit_N[place_N],
        weight_K=weight_K,
    )


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
