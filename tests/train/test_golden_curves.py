"""Every kind of network learns as it did: the loss after each of ten epochs (golden/curves.json).

Whoever changes how networks learn, and means to, writes the new numbers down.  The tolerance is
for other processors and numbers of threads, which round otherwise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.train.settings import Settings

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "curves.json").read_bytes())
TOLERANCE = 2e-3
"""Relative; eight times the widest seen with AVX-512, AVX2, SSE and two threads (resnet, SSE)."""
MODELS: dict[str, object] = {
    "logistic": "logistic",
    "mlp": {"mlp": {"hidden": [16], "dropout": 0.1}},
    "cnn": {"cnn": {"width": 4}},
    "resnet": {"resnet": {"width": 4, "blocks": [1, 1]}},
}
READERS: dict[str, object] = {
    "gru": {"rnn": {"cell": "gru", "width": 8, "depth": 2, "dropout": 0.1}},
    "lstm": {"rnn": {"cell": "lstm", "width": 8, "dropout": 0.1, "pooling": "mean"}},
    "transformer": {
        "transformer": {
            "width": 16,
            "depth": 1,
            "heads": 2,
            "dropout": 0.1,
            "feedforward": "swiglu",
        }
    },
}
SETTINGS = Settings.model_validate(
    {
        "epochs": 10,
        "batch_size": 32,
        "optimizer": {"adamw": {"weight_decay": 0.02}},
        "rate": 0.003,
        "threads": 1,
        "schedule": "one_cycle",
        "ema": 0.9,
        "augment": ["shift"],
        "label_smoothing": 0.05,
        "gradient_clip": 1.0,
        "checkpoint_every_s": 1000,
    }
)


@pytest.mark.parametrize("family", MODELS)
def test_a_network_learns_as_it_did(mixed: Any, family: str) -> None:
    trained = mixed.train(SETTINGS, model=MODELS[family], seed=3)
    found = [record["validation_loss"] for record in trained.history]
    assert found == pytest.approx(GOLDEN[family], rel=TOLERANCE)


@pytest.mark.parametrize("family", READERS)
def test_a_network_learns_to_read_as_it_did(texts: Any, family: str) -> None:
    settings = Settings.model_validate(
        {**SETTINGS.model_dump(), "augment": (), "sampler": "bucketed"}
    )
    trained = texts.train(settings, model=READERS[family], seed=3)
    found = [record["validation_loss"] for record in trained.history]
    assert found == pytest.approx(GOLDEN[family], rel=TOLERANCE)
