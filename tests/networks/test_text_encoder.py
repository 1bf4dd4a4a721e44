"""Encoders of the BERT family: the same vectors as transformers', whoever stands beside."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
import torch
from torch import Tensor

from stoker.core.errors import DataError
from stoker.networks.ragged import Padded
from stoker.networks.text_encoder import TextEncoder, own_names, pooled, read_shape
from stoker.networks.text_towers import surrounded

TINY = {
    "vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 64, "max_position_embeddings": 40,
}  # fmt: skip
DISTILLED = {
    "vocab_size": 99, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64,
    "max_position_embeddings": 40,
}  # fmt: skip
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertConfig", TINY),
    "tanh": ("BertConfig", TINY | {"hidden_act": "gelu_new"}),
    "roberta": ("RobertaConfig", TINY | {"pad_token_id": 1}),
    "xlm-roberta": ("XLMRobertaConfig", TINY | {"pad_token_id": 1, "type_vocab_size": 1}),
    "electra": ("ElectraConfig", TINY | {"embedding_size": 16}),
    "distilbert": ("DistilBertConfig", DISTILLED),
}
LENGTHS = torch.tensor([17, 5, 1])


def texts(padding: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    token_NL = torch.randint(5, 99, (3, 17), generator=generator)
    is_real_NL = torch.arange(17) < LENGTHS[:, None]
    return torch.where(is_real_NL, token_NL, padding), is_real_NL


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_are_those_of_transformers(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("transformers")
    name, options = FAMILIES[family]
    config = getattr(transformers, name)(**options)
    torch.manual_seed(0)
    theirs = transformers.AutoModel.from_config(config).eval()
    ours = TextEncoder(read_shape(json.loads(config.to_json_string()))).eval()
    ours.load_state_dict(own_names(theirs.state_dict(), ours))
    token_NL, is_real_NL = texts(config.pad_token_id or 0)
    with torch.no_grad():
        wanted = theirs(input_ids=token_NL, attention_mask=is_real_NL.long()).last_hidden_state
        found = ours(token_NL, is_real_NL)
    torch.testing.assert_close(found[is_real_NL], wanted[is_real_NL], atol=1e-5, rtol=0)


def tiny(**change: object) -> TextEncoder:
    torch.manual_seed(0)
    return TextEncoder(read_shape({"model_type": "bert", **TINY, **change})).eval()


def test_padding_and_neighbours_change_no_vector() -> None:
    encoder, (token_NL, is_real_NL) = tiny(), texts()
    with torch.no_grad():
        together = pooled(encoder(token_NL, is_real_NL), is_real_NL, "mean")
        for row, length in enumerate(LENGTHS.tolist()):
            part = token_NL[row : row + 1, :length], is_real_NL[row : row + 1, :length]
            alone = pooled(encoder(*part), part[1], "mean")
            torch.testing.assert_close(alone[0], together[row], atol=1e-6, rtol=0)


def test_weights_are_found_under_a_prefix_and_by_their_old_names() -> None:
    encoder = tiny()
    old = {
        f"bert.{name}".replace("LayerNorm.weight", "LayerNorm.gamma"): tensor.half()
        for name, tensor in encoder.state_dict().items()
    }
    found = own_names({**old, "cls.predictions.bias": torch.zeros(99)}, encoder)
    assert found.keys() == encoder.state_dict().keys()
    assert all(tensor.dtype == torch.float32 for tensor in found.values())


def test_a_weight_that_lacks_or_has_another_shape_is_named() -> None:
    encoder = tiny()
    weights = dict(encoder.state_dict())
    gone = weights.pop("encoder.layer.1.output.dense.bias")
    with pytest.raises(DataError, match=r"encoder.layer.1.output.dense.bias.* is missing"):
        own_names(weights, encoder)
    with pytest.raises(DataError, match=r"has the shape \(63,\)"):
        own_names({**weights, "encoder.layer.1.output.dense.bias": gone.new_zeros(63)}, encoder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "llama"}, "'llama' is not known"),
        ({"position_embedding_type": "relative_key"}, "'relative_key' are not known"),
        ({"hidden_act": "swish"}, "'swish' is not known"),
    ],
)
def test_what_is_not_known_is_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_shape({"model_type": "bert", **TINY, **change})


def test_roberta_counts_positions_from_behind_its_padding() -> None:
    shape = read_shape({"model_type": "roberta", **TINY, "pad_token_id": 1})
    assert (shape.first_position, shape.max_length) == (2, 38)


def test_a_text_stands_between_its_two_tokens() -> None:
    empty = Padded(torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, 1, dtype=torch.bool))
    token_NL, is_real_NL = surrounded(empty, (101, 102))
    assert token_NL.tolist() == [[101, 102, 0]]
    assert is_real_NL.tolist() == [[True, True, False]]
