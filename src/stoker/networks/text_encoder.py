"""A transformer that reads whole texts: the encoders of the BERT family, from their own files.

BERT, MiniLM, E5, RoBERTa, XLM-R, ELECTRA and DistilBERT are one network: token and position
vectors, then layers of attention and two linear layers, each followed by a normalisation.  They
differ in names, in where positions begin and in what stands around a text; `read_shape` reads that
from `config.json`.  Its modules are named as Hugging Face names them, so weights are taken as they
are.

Texts come as rows of any length and are padded to the longest one; a padded place is seen by no
other, so batch mates change no answer but for rounding.

Cost: of a layer 24 E^2 multiplications a token, and 4 L E for the texts that stand beside it.

Shapes: N rows, L places of the longest text, E width, H heads, D = E / H.

Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; Devlin et al. 2019,
https://aclanthology.org/N19-1423
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stoker.core.errors import DataError
from stoker.networks.dropout import Dropout

Pooling = Literal["mean", "first"]
Activation = Literal["gelu", "gelu_new", "relu"]


class EncoderShape(NamedTuple):
    """What kind of encoder it is."""

    num_tokens: int
    """Tokens that it knows."""
    width: int
    """Numbers of a token's vector inside."""
    embedding: int
    """Numbers of a token's vector at the beginning."""
    layers: int
    heads: int
    inner: int
    """Width between the two linear layers."""
    positions: int
    """Positions that it knows."""
    first_position: int
    """That of the first token; RoBERTa's begin after the one of padding."""
    types: int
    """Kinds of text that it tells apart, 0 for none; every text here is of the first."""
    epsilon: float
    activation: Activation
    dropout: float

    @property
    def max_length(self) -> int:
        """Longest text, with what stands around it."""
        return self.positions - self.first_position


_FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")


def read_shape(config: Mapping[str, Any]) -> EncoderShape:
    """The shape that a `config.json` describes.

    Raises:
        DataError: If it is of another family, or of a kind that is not known here.
    """
    family = config.get("model_type")
    if family not in _FAMILIES:
        raise DataError(
            f"an encoder of the kind {family!r} is not known",
            expected=f"model_type is one of {', '.join(_FAMILIES)}",
        )
    if family == "distilbert":
        return _distilbert(config)
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise DataError(
            f"positions of the kind {config['position_embedding_type']!r} are not known",
            expected="position_embedding_type is absolute",
        )
    after_padding = family in ("roberta", "xlm-roberta", "camembert")
    width = int(config["hidden_size"])
    return EncoderShape(
        num_tokens=int(config["vocab_size"]),
        width=width,
        embedding=int(config.get("embedding_size", width)) if family == "electra" else width,
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        inner=int(config["intermediate_size"]),
        positions=int(config["max_position_embeddings"]),
        first_position=int(config.get("pad_token_id", 1)) + 1 if after_padding else 0,
        types=int(config.get("type_vocab_size", 0)),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
        activation=_activation(config.get("hidden_act", "gelu")),
        dropout=float(config.get("hidden_dropout_prob", 0.1)),
    )


def _distilbert(config: Mapping[str, Any]) -> EncoderShape:
    return EncoderShape(
        num_tokens=int(config["vocab_size"]),
        width=int(config["dim"]),
        embedding=int(config["dim"]),
        layers=int(config["n_layers"]),
        heads=int(config["n_heads"]),
        inner=int(config["hidden_dim"]),
        positions=int(config["max_position_embeddings"]),
        first_position=0,
        types=0,
        epsilon=1e-12,
        activation=_activation(config.get("activation", "gelu")),
        dropout=float(config.get("dropout", 0.1)),
    )


def _activation(name: object) -> Activation:
    match name:
        case "gelu" | "gelu_new" | "relu":
            return name
    raise DataError(f"the activation {name!r} is not known", expected="gelu, gelu_new or relu")


_AWAY = -1e4
"""Added where a place is padding; a softmax makes 0 of it, in 16 bits too."""


class TextEncoder(nn.Module):
    """Tokens of padded texts to a vector of each place."""

    def __init__(self, shape: EncoderShape) -> None:
        """Random weights, as BERT begins."""
        super().__init__()
        self.shape = shape
        self.embeddings = _Embeddings(shape)
        self.embeddings_project = (
            nn.Linear(shape.embedding, shape.width)
            if shape.embedding != shape.width
            else nn.Identity()
        )
        self.layers = [_Layer(shape) for _ in range(shape.layers)]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(self.layers)})
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, token_NL: Tensor, is_real_NL: Tensor) -> Tensor:
        """Vectors (N, L, E) of tokens, of which those that are not real are seen by none."""
        hidden_NLE = self.embeddings_project(self.embeddings(token_NL))
        away_N11L = hidden_NLE.new_zeros(()).masked_fill(~is_real_NL, _AWAY)[:, None, None, :]
        for layer in self.layers:
            hidden_NLE = layer(hidden_NLE, away_N11L)
        return hidden_NLE


class _Embeddings(nn.Module):
    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.first = shape.first_position
        self.word_embeddings = nn.Embedding(shape.num_tokens, shape.embedding)
        self.position_embeddings = nn.Embedding(shape.positions, shape.embedding)
        self.token_type_embeddings = (
            nn.Embedding(shape.types, shape.embedding) if shape.types else None
        )
        self.LayerNorm = nn.LayerNorm(shape.embedding, shape.epsilon)
        self.dropout = Dropout(shape.dropout)

    def forward(self, token_NL: Tensor) -> Tensor:
        place_L = torch.arange(token_NL.shape[1], device=token_NL.device) + self.first
        vector_NLE = self.word_embeddings(token_NL) + self.position_embeddings(place_L)
        if self.token_type_embeddings is not None:
            vector_NLE = vector_NLE + self.token_type_embeddings.weight[0]
        return self.dropout(self.LayerNorm(vector_NLE))


class _Layer(nn.Module):
    """Attention, then two linear layers; both are added to what came in, and normalised."""

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        attention = {"self": _Attention(shape), "output": _Output(shape.width, shape)}
        self.attention = nn.ModuleDict(attention)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(shape.width, shape.inner)})
        self.output = _Output(shape.inner, shape)
        self._activation = shape.activation

    def forward(self, hidden_NLE: Tensor, away_N11L: Tensor) -> Tensor:
        told_NLE = self.attention["self"](hidden_NLE, away_N11L)
        hidden_NLE = self.attention["output"](told_NLE, hidden_NLE)
        inner = self.intermediate["dense"](hidden_NLE)
        match self._activation:
            case "gelu":
                inner = functional.gelu(inner)
            case "gelu_new":
                inner = functional.gelu(inner, approximate="tanh")
            case "relu":
                inner = functional.relu(inner)
        return self.output(inner, hidden_NLE)


class _Attention(nn.Module):
    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.heads, self.size = shape.heads, shape.width // shape.heads
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.dropout = Dropout(shape.dropout)

    def forward(self, hidden_NLE: Tensor, away_N11L: Tensor) -> Tensor:
        query, key, value = (
            projected(hidden_NLE).unflatten(2, (self.heads, self.size)).transpose(1, 2)
            for projected in (self.query, self.key, self.value)
        )
        if torch.onnx.is_in_onnx_export() or (self.training and hidden_NLE.device.type == "cpu"):
            told_NHLD = self._plainly(query, key, value, away_N11L)
        else:
            rate = self.dropout.rate if self.training else 0.0
            told_NHLD = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=away_N11L, dropout_p=rate
            )
        return told_NHLD.transpose(1, 2).flatten(2)

    def _plainly(self, query: Tensor, key: Tensor, value: Tensor, away_N11L: Tensor) -> Tensor:
        """Attention of products and a softmax.

        torch's own has no fast form with dropout on a CPU, and in a graph it becomes a softmax that
        expects rows which see nothing, with three more passes over all pairs of places.
        """
        weight_NHLL = (query * self.size**-0.5) @ key.transpose(2, 3) + away_N11L
        return self.dropout(weight_NHLL.softmax(3)) @ value


class _Output(nn.Module):
    def __init__(self, inputs: int, shape: EncoderShape) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, shape.width)
        self.LayerNorm = nn.LayerNorm(shape.width, shape.epsilon)
        self.dropout = Dropout(shape.dropout)

    def forward(self, inner: Tensor, before_NLE: Tensor) -> Tensor:
        return self.LayerNorm(self.dropout(self.dense(inner)) + before_NLE)


_DISTILBERT = (
    ("transformer.layer.", "encoder.layer."),
    (".attention.q_lin.", ".attention.self.query."),
    (".attention.k_lin.", ".attention.self.key."),
    (".attention.v_lin.", ".attention.self.value."),
    (".attention.out_lin.", ".attention.output.dense."),
    (".sa_layer_norm.", ".attention.output.LayerNorm."),
    (".ffn.lin1.", ".intermediate.dense."),
    (".ffn.lin2.", ".output.dense."),
    (".output_layer_norm.", ".output.LayerNorm."),
)
_OLD = ((".gamma", ".weight"), (".beta", ".bias"))
"""How normalisations were called in TensorFlow's days."""


def own_names(weights: Mapping[str, Tensor], encoder: TextEncoder) -> dict[str, Tensor]:
    """Weights of a file by the names of the network, without heads and poolers.

    Raises:
        DataError: If a weight is missing or of another shape, naming it.
    """
    wanted = encoder.state_dict()
    found: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        for before, after in (*_DISTILBERT, *_OLD):
            name = name.replace(before, after) if before in name else name
        own = next((own for own in _suffixes(name) if own in wanted), None)
        if own is not None:
            found[own] = tensor.float()
    missing = [name for name in wanted if name not in found]
    other = [name for name in found if found[name].shape != wanted[name].shape]
    if missing or other:
        name = (missing or other)[0]
        what = "is missing" if missing else f"has the shape {tuple(found[name].shape)}"
        raise DataError(
            f"the weight {name!r} {what}; {len(missing)} of {len(wanted)} are missing and "
            f"{len(other)} of another shape",
            expected=f"{name} of shape {tuple(wanted[name].shape)}, as config.json says",
        )
    return found


def _suffixes(name: str) -> list[str]:
    """The name, and the name without what stands before its first dot."""
    return [name, name.partition(".")[2]]


def pooled(hidden_NLE: Tensor, is_real_NL: Tensor, pooling: Pooling) -> Tensor:
    """One vector of each text (N, E): that of its first place, or the mean of all."""
    if pooling == "first":
        return hidden_NLE[:, 0]
    share_NL = is_real_NL.to(hidden_NLE.dtype)
    share_NL = share_NL / share_NL.sum(1, keepdim=True)
    return (share_NL.unsqueeze(1) @ hidden_NLE).squeeze(1)
