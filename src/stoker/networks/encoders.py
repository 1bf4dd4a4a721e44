"""Raw tensors of features to tensors that layers understand, inside the network and its graph.

The way has two halves.  `Scaler` has no weights: it turns bytes into floats, missing numbers into
zeros with an indicator, and codes into positions of shared tables; tokens stay ids.  Because it has
none, training runs it once for many batches at a time.  `TableEncoder` has weights: embeddings of
categories, and of numbers where they are asked for (`periodic`).

Categories whose embeddings are equally wide share one table, each at its own offset, so forty
columns cost four look-ups and not forty.

Shapes: N rows, C channels, H height, W width, M number columns, I missing indicators, K category
columns, E width of an embedding.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stoker.features import Codes, FittedFeature, Numbers, Pixels, Scale, TokenIds
from stoker.networks.periodic import FREQUENCY, Periodic
from stoker.networks.preparing import RaggedTensor


class Scaled(NamedTuple):
    """Inputs of a network after scaling; every part has the rows in axis 0."""

    image_NCHW: tuple[Tensor, ...]
    """float32 images with mean 0 and deviation 1 a channel, one tensor per image column."""
    number_NM: Tensor | None
    """Standardised float32 numbers, 0/1 indicators of missing cells, sines and cosines."""
    code_NK: Tensor | None
    """int64 codes, one column per category column."""
    tokens: tuple[RaggedTensor, ...] = ()
    """int64 ids of rows of any length, one tensor per column of tokens."""

    def rows(self, start: int, stop: int) -> Scaled:
        """A run of rows, as views."""
        return Scaled(
            tuple(image[start:stop] for image in self.image_NCHW),
            None if self.number_NM is None else self.number_NM[start:stop],
            None if self.code_NK is None else self.code_NK[start:stop],
            tuple(tokens.rows(start, stop) for tokens in self.tokens),
        )


class TableShape(NamedTuple):
    """How wide the scaled columns of a table are."""

    num_values: int
    """Numbers, which come first; indicators and the like follow them."""
    num_numbers: int
    """Both together."""
    sizes: tuple[int, ...]
    """Codes of each category."""


class TableColumns(NamedTuple):
    """The columns of a network by kind, in the order in which their tensors are joined."""

    images: dict[str, Pixels]
    numbers: dict[str, Numbers]
    categories: dict[str, Codes]
    tokens: dict[str, TokenIds]

    @property
    def scales(self) -> list[Scale]:
        """One for each number of a row, a column of several numbers has several."""
        return [scale for number in self.numbers.values() for scale in number.scales]

    @property
    def with_missing(self) -> list[int]:
        """Positions of the numbers that get an indicator of missing cells."""
        return [i for i, scale in enumerate(self.scales) if scale.had_missing]

    @property
    def periodic(self) -> dict[int, float]:
        """Period of the numbers that begin anew, by position."""
        periods = {i: scale.period for i, scale in enumerate(self.scales)}
        return {i: period for i, period in periods.items() if period is not None}

    @property
    def num_numbers(self) -> int:
        """Width of the number part: values, indicators, sines and cosines."""
        return len(self.scales) + len(self.with_missing) + 2 * len(self.periodic)

    @property
    def table(self) -> TableShape:
        """Numbers and categories, once they are scaled."""
        sizes = tuple(category.num_codes for category in self.categories.values())
        return TableShape(len(self.scales), self.num_numbers, sizes)


def sort_columns(features: Mapping[str, FittedFeature]) -> TableColumns:
    """The columns by kind.

    Raises:
        TypeError: If a feature is of a kind that no network here can encode.
    """
    columns = TableColumns({}, {}, {}, {})
    for name, feature in features.items():
        match feature.holds:
            case Pixels() as kind:
                columns.images[name] = kind
            case Numbers() as kind:
                columns.numbers[name] = kind
            case Codes() as kind:
                columns.categories[name] = kind
            case TokenIds() as kind:
                columns.tokens[name] = kind
            case None:
                raise TypeError(f"no encoder for {type(feature).__name__} of column {name!r}")
    return columns


class Scaler(nn.Module):
    """The half without weights: raw tensors to scaled ones."""

    def __init__(self, columns: TableColumns, *, channels_last: bool) -> None:
        """Keep each column's mean and deviation as buffers."""
        super().__init__()
        self._names = columns
        self._with_missing = columns.with_missing
        self._periodic = list(columns.periodic)
        self._channels_last = channels_last
        for position, image in enumerate(columns.images.values()):
            std = torch.tensor(image.std).view(1, -1, 1, 1)
            mean = torch.tensor(image.mean).view(1, -1, 1, 1)
            self.register_buffer(f"scale_{position}", 1 / (255 * std))
            self.register_buffer(f"shift_{position}", -mean / std)
        for name, values in (
            ("number_mean", [scale.mean for scale in columns.scales]),
            ("number_std", [scale.std for scale in columns.scales]),
        ):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64), persistent=False)
        turn = [2 * math.pi / period for period in columns.periodic.values()]
        self.register_buffer("turn", torch.tensor(turn, dtype=torch.float64), persistent=False)

    def forward(self, raw: Mapping[str, Any]) -> Scaled:
        """Scale every column; `raw` is left as it was."""
        images = [self._image(i, raw[name]) for i, name in enumerate(self._names.images)]
        numbers = [_as_parts(raw[name]) for name in self._names.numbers]
        codes = [raw[name] for name in self._names.categories]
        return Scaled(
            tuple(images),
            self._numbers(torch.cat(numbers, 1)) if numbers else None,
            torch.stack(codes, 1).long() if codes else None,
            tuple(_ids(raw[name]) for name in self._names.tokens),
        )

    def _image(self, position: int, pixel_NCHW: Tensor) -> Tensor:
        # In place: `pixel_NCHW` is uint8, so `float()` made a copy.
        image = pixel_NCHW.float().mul_(self.get_buffer(f"scale_{position}"))
        image.add_(self.get_buffer(f"shift_{position}"))
        if self._channels_last and not torch.onnx.is_in_onnx_export():
            return image.contiguous(memory_format=torch.channels_last)
        return image

    def _numbers(self, value_NM: Tensor) -> Tensor:
        # In float64: the difference of two large numbers keeps its digits.
        turns = self._turns(value_NM) if self._periodic else []
        value_NM = (value_NM - self.get_buffer("number_mean")) / self.get_buffer("number_std")
        value_NM = value_NM.float()
        missing_NM = torch.isnan(value_NM)
        filled_NM = torch.where(missing_NM, torch.zeros_like(value_NM), value_NM)
        if not self._with_missing:
            return torch.cat([filled_NM, *turns], 1) if turns else filled_NM
        indicators = [missing_NM[:, i].float() for i in self._with_missing]
        return torch.cat([filled_NM, torch.stack(indicators, 1), *turns], 1)

    def _turns(self, value_NM: Tensor) -> list[Tensor]:
        """Sine and cosine of the numbers that begin anew, 0 where missing."""
        angle_NT = (value_NM[:, self._periodic] * self.get_buffer("turn")).float()
        missing_NT = torch.isnan(angle_NT)
        zero_NT = torch.zeros_like(angle_NT)
        return [torch.where(missing_NT, zero_NT, f(angle_NT)) for f in (torch.sin, torch.cos)]


def _ids(rows: RaggedTensor) -> RaggedTensor:
    """Ids as look-ups take them, however narrow they are stored."""
    return rows._replace(values=rows.values.long())


def _as_parts(number: Tensor) -> Tensor:
    """Numbers (N,) or (N, D) as (N, D) of float64."""
    wide = number.double()
    return wide.unsqueeze(1) if wide.ndim == 1 else wide


class TableEncoder(nn.Module):
    """Numbers as they are and as vectors, and an embedding of each category, side by side."""

    def __init__(
        self,
        table: TableShape,
        *,
        width: int | None = None,
        periodic: int = 0,
        frequency: float = FREQUENCY,
    ) -> None:
        """Make one table per width of embedding.

        Args:
            table: How wide the columns are.
            width: Width of every embedding; absent: by the size of each vocabulary.
            periodic: Frequencies at which each number is seen too; 0 for none.
            frequency: Deviation of the frequencies that training begins with.
        """
        super().__init__()
        sizes = table.sizes
        widths = [width or embedding_width(size) for size in sizes]
        self._num_values = table.num_values
        self.periodic = None
        if periodic and self._num_values:
            self.periodic = Periodic(table.num_values, periodic, frequency)
        self._groups: list[tuple[int, list[int]]] = []
        for each in sorted(set(widths)):
            members = [i for i, w in enumerate(widths) if w == each]
            starts = [0]
            for member in members:
                starts.append(starts[-1] + sizes[member])
            embedding = nn.Embedding(starts.pop(), each)
            nn.init.normal_(embedding.weight, std=each**-0.5)
            self.add_module(f"embedding_{each}", embedding)
            self.register_buffer(f"start_{each}", torch.tensor(starts), persistent=False)
            self._groups.append((each, members))
        seen = 0 if self.periodic is None else self.periodic.num_features
        self.num_features = table.num_numbers + seen + sum(widths)

    def forward(self, scaled: Scaled) -> list[Tensor]:
        """Parts to join, each (N, something)."""
        parts = [] if scaled.number_NM is None else [scaled.number_NM]
        if self.periodic is not None and scaled.number_NM is not None:
            parts.append(self.periodic(scaled.number_NM[:, : self._num_values]))
        if scaled.code_NK is None:
            return parts
        for width, members in self._groups:
            code_NG = scaled.code_NK[:, members] + self.get_buffer(f"start_{width}")
            embedded_NGE = self.get_submodule(f"embedding_{width}")(code_NG)
            parts.append(embedded_NGE.flatten(1))
        return parts


def embedding_width(num_codes: int) -> int:
    """Width for a vocabulary: a power of two near the fourth-root-like rule of thumb.

    Powers of two, so that few tables are needed.

    >>> [embedding_width(n) for n in (2, 5, 20, 100, 1000, 100000)]
    [2, 4, 8, 16, 64, 64]
    """
    wished = 1.6 * num_codes**0.56
    return min(64, max(2, 2 ** round(math.log2(wished))))
