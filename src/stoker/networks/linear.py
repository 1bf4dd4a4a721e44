"""A linear layer that takes the faster of the two matrix products that torch carries.

`torch.mm` calls MKL, which keeps to AVX2 kernels on processors of other makers than Intel, also
where they have AVX-512.  oneDNN, which torch uses for convolutions, asks the processor instead.
Rows 64 x 784 x 500 on two cores of an AMD Zen 5: forward 270 microseconds with MKL and 135 with
oneDNN, the weights' gradient 240 and 135; held to AVX2, oneDNN is level with MKL.  So it is taken
on other processors than Intel's, for products that are large enough to pay its call.

The choice is made from the processor and the shapes, never by a measurement: equal machines train
bit-equally.  The operator is the one that `torch.compile` emits; where a torch does not have it,
this is `nn.Linear`, as it is in graphs that are exported or compiled.

Cost: 2 microseconds a call where it is `nn.Linear`, 28 forward and backward where it is not, for
the Python of a custom gradient.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_WORTH = 4 << 20
"""Multiplications from which oneDNN's product is the faster one."""
_WORTH_GRADIENT = 16 << 20
_WORTH_WEIGHTS = 1 << 16
"""A weights' gradient, both of whose factors are turned, pays later, and only for many weights."""


class LinearLayer(nn.Linear):
    """`nn.Linear` with the faster product of this processor, and its ReLU inside if asked for."""

    def __init__(
        self, in_features: int, out_features: int, *, bias: bool = True, relu: bool = False
    ) -> None:
        """Draw the weights as `nn.Linear` does; with `relu`, outputs below 0 become 0."""
        super().__init__(in_features, out_features, bias)
        self.relu = relu

    def forward(self, input: Tensor) -> Tensor:
        """Outputs (..., out_features)."""
        is_traced = torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export()
        if is_traced or not _is_worth(input, self.weight):
            output = super().forward(input)
            return output.relu() if self.relu else output
        return _Product.apply(input, self.weight, self.bias, self.relu)

    def extra_repr(self) -> str:
        """What `print` shows between the brackets."""
        return f"{super().extra_repr()}, relu={self.relu}"


@cache
def onednn_is_faster() -> bool:
    """Whether this processor gets more from oneDNN than from the BLAS of this torch."""
    carried = torch.backends.mkldnn.is_available() and torch.backends.mkl.is_available()
    return carried and hasattr(torch.ops.mkldnn, "_linear_pointwise") and _other_maker()


def product(
    left_NK: Tensor, right_MK: Tensor, bias_M: Tensor | None = None, *, relu: bool = False
) -> Tensor:
    """The product `left @ right.T + bias` by oneDNN, without a gradient.

    Args:
        left_NK: float32; contiguous, or the transpose of a contiguous tensor.  Other layouts are
            multiplied as well, but a hundred times slower.
        right_MK: The same.
        bias_M: Added to each row.
        relu: Whether what is below 0 becomes 0.

    Returns:
        Shape (N, M), contiguous.

    >>> product(torch.ones(2, 3), torch.ones(1, 3)).tolist()
    [[3.0], [3.0]]
    """
    return torch.ops.mkldnn._linear_pointwise(
        left_NK, right_MK, bias_M, "relu" if relu else "none", [], ""
    )


def _is_worth(input: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN can multiply these, and faster than MKL."""
    return (
        input.ndim == 2
        and len(input) * weight.numel() >= _WORTH
        and input.dtype == weight.dtype == torch.float32
        and input.device.type == weight.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and onednn_is_faster()
    )


class _Product(torch.autograd.Function):
    """`input @ weight.T + bias`, and a ReLU if asked for, forward and backward."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, bias: Tensor | None, relu: bool) -> Tensor:
        input = input.contiguous()
        output = product(input, weight, bias, relu=relu)
        ctx.save_for_backward(input, weight, output if relu else None)
        return output

    @staticmethod
    @once_differentiable
    # pyrefly: ignore [bad-override] - torch's decorator keeps no parameter names
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        input, weight, rectified = ctx.saved_tensors
        slope = grad_outputs[0].contiguous()
        if rectified is not None:
            slope = torch.ops.aten.threshold_backward(slope, rectified, 0)
        to_input, to_weight, to_bias, _ = ctx.needs_input_grad
        return (
            product(slope, weight.t()) if to_input else None,
            _weight_gradient(slope, input) if to_weight else None,
            slope.sum(0) if to_bias else None,
            None,
        )


def _weight_gradient(slope_NM: Tensor, input_NK: Tensor) -> Tensor:
    num_weights = slope_NM.shape[1] * input_NK.shape[1]
    worth = num_weights >= _WORTH_WEIGHTS and len(input_NK) * num_weights >= _WORTH_GRADIENT
    return product(slope_NM.t(), input_NK.t()) if worth else slope_NM.t() @ input_NK


def _other_maker(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor is known not to be Intel's; False where nothing tells."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    makers = [line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")]
    return bool(makers) and "GenuineIntel" not in makers
