"""The operators that the graph of a bundle may use.

Each of them is done after a time that its tensors bound.  Control flow (`Loop`, `Scan`, `If`) is
not among them: a valid graph with it may keep the runtime busy for ever.  Neither are operators
that draw random numbers, search texts with patterns, or hold sequences and maps.

The first group is what the exporters of stoker write, and a test exports every model to hold it so.
The second is what a network of a user's own is likely to become.
"""

from __future__ import annotations

_WRITTEN = (
    *("Abs", "Add", "BatchNormalization", "Cast", "Clip", "Concat", "Constant"),
    *("ConstantOfShape", "Conv", "Cos", "CumSum", "DequantizeLinear", "Div", "Einsum", "Equal"),
    *("Exp", "Expand", "Flatten", "GRU", "Gather", "Gelu", "Gemm", "GlobalAveragePool"),
    *("Identity", "IsNaN", "LSTM", "LayerNormalization", "Less", "Log", "MatMul", "Max"),
    *("MaxPool", "Min", "Mod", "Mul", "Neg", "NonZero", "Or", "QuantizeLinear", "Range"),
    *("ReduceMax", "ReduceMean", "ReduceSum", "Relu", "Reshape", "ScatterElements", "Shape"),
    *("Sigmoid", "Sign", "Sin", "Slice", "Softmax", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh"),
    *("Transpose", "Unique", "Unsqueeze", "Where"),
)
_LIKELY = (
    *("And", "ArgMax", "ArgMin", "AveragePool", "CastLike", "Ceil", "ConvTranspose", "Elu"),
    *("Erf", "Floor", "GatherElements", "GatherND", "GlobalMaxPool", "Greater", "GreaterOrEqual"),
    *("GroupNormalization", "HardSigmoid", "HardSwish", "InstanceNormalization", "IsInf", "LRN"),
    *("LeakyRelu", "LessOrEqual", "LogSoftmax", "LpNormalization", "Mean", "Mish", "Not"),
    *("OneHot", "PRelu", "Pad", "Pow", "RNN", "Reciprocal", "ReduceL1", "ReduceL2"),
    *("ReduceLogSumExp", "ReduceMin", "ReduceProd", "ReduceSumSquare", "Resize", "Round"),
    *("ScatterND", "Selu", "Size", "Softplus", "Softsign", "Split", "Tan", "ThresholdedRelu"),
    *("Tile", "TopK", "Trilu", "Xor"),
)
_OF_ML = ("LabelEncoder", "LinearRegressor", "TreeEnsemble")

OPERATORS = {
    "": frozenset((*_WRITTEN, *_LIKELY)),
    "ai.onnx": frozenset((*_WRITTEN, *_LIKELY)),
    "ai.onnx.ml": frozenset(_OF_ML),
}
"""Names of operators by domain."""
