"""Runtimes: what runs the model of a bundle; one file each, named in `bundle.json`.

A predictor turns rows into tensors and outputs into answers; what lies between is the runtime's.
A bundle that names none has a graph for `onnx`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from stoker.core.steps import Step

if TYPE_CHECKING:
    from pathlib import Path

    from stoker.bundle.interface import Interface
    from stoker.cells.ragged import Rows

STAGE = "stoker.bundle.runtimes"


class Loaded(ABC):
    """A model that is ready to be asked, from several threads."""

    @abstractmethod
    def run(self, tensors: Mapping[str, Rows]) -> Rows:
        """Outputs, float32, the rows in axis 0, of tensors by column; or of each of their tokens.

        Raises:
            MachineError: If the runtime fails, which for checked tensors means memory.
            ArtifactError: If the model gives another shape than it promised.
        """


class Runtime(Step, ABC):
    """What runs the model of a bundle.

    Promise: nothing of a bundle is executed or parsed by foreign code before `verify` has passed
    it; a model whose inputs or outputs are not those of the interface is refused by `load`.
    """

    @abstractmethod
    def verify(self, read: Callable[[str], bytes]) -> bytes:
        """The model as it may be loaded.

        Args:
            read: Gives the verified bytes of a file of the bundle.

        Raises:
            ArtifactError: If a file is missing, or holds what a bundle must not hold.
        """

    @abstractmethod
    def load(self, graph: bytes, interface: Interface, *, where: Path, threads: int) -> Loaded:
        """Make it ready.

        Args:
            graph: What `verify` gave.
            interface: The inputs and outputs that it has to have.
            where: Folder of the bundle, for messages.
            threads: Of one call.

        Raises:
            ArtifactError: If the runtime cannot load it, or it does not belong to the interface.
        """
