"""The keys that all networks of linear layers and convolutions share."""

from __future__ import annotations

from abc import ABC
from typing import Annotated

from pydantic import Field

from stoker.models import Network
from stoker.networks.layers import ActivationName, InitializerName, Layers


class Layered(Network, ABC):
    """A network whose layers are made alike."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the values of each hidden linear layer that is set to zero at random in training."""

    activation: ActivationName = "relu"
    """What the values of each hidden layer go through; `relu` is the fastest."""

    initializer: InitializerName | None = None
    """How weights begin: `he`, `xavier`, `gaussian` (deviation 0.01) or `orthogonal`; absent:
    uniform within 1 / sqrt(inputs)."""

    @property
    def layers(self) -> Layers:
        """The same for those who build them."""
        return Layers(self.activation, self.initializer, self.dropout)
