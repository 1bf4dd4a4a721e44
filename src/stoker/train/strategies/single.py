"""One process and one device: a processor, or one GPU.

`auto` takes a CUDA GPU if torch has one, else the CPU.  Apple's GPU is not offered: it has no
float64, in which numbers are scaled, and could not be tried.  Precision: `bfloat16` and `float16`
multiply in 16 bits and keep weights, sums and the optimiser in float32 (`float16` with a scaled
loss, as its range is short); `tf32` is a GPU's short form of float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from stoker.core.errors import MachineError
from stoker.train.strategies import Engine, Strategy

if TYPE_CHECKING:
    import torch
    from torch import nn

    from stoker.train.losses import LossFunction
    from stoker.train.step_settings import StepSettings


class Single(Strategy):
    """One process on one device."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where it computes; `auto`: a CUDA GPU if there is one, else the CPU."""

    precision: Literal["float32", "tf32", "bfloat16", "float16"] = "float32"
    """Numbers in which matrices are multiplied; weights are float32 always."""

    compile: bool = False
    """Whether torch compiles the network: some ten seconds before the first step, and faster ones
    after it on a GPU.  Equal seeds give equal weights, but not those of a network as it stands."""

    def start(self, network: nn.Module, loss: LossFunction, settings: StepSettings) -> Engine:
        """An engine on the device."""
        from stoker.train.step import SingleEngine

        return SingleEngine(
            network,
            loss,
            settings,
            device=self.place(),
            precision=self.precision,
            is_compiled=self.compile,
        )

    def place(self) -> torch.device:
        """The device that is meant.

        Raises:
            MachineError: If torch has none of this kind.
        """
        import torch

        has_gpu = torch.cuda.is_available()
        if self.device == "auto":
            return torch.device("cuda" if has_gpu else "cpu")
        if self.device == "cuda" and not has_gpu:
            raise MachineError(
                f"torch {torch.__version__} has no device 'cuda'",
                expected="a CUDA GPU and a torch that was built for it; there is only cpu",
                fix="leave train.strategy out, or install a build of torch for your GPU",
            )
        return torch.device(self.device)
