"""One batch of many requests: pictures as bytes and in rows share it, each gets its own answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from stoker.serve.load_model import load_model
from stoker.serve.messages import Refusal
from stoker.serve.serve_settings import ServeSettings
from stoker.serve.served_model import Picture, ServedAnswers


def test_bytes_and_rows_share_a_batch_and_answers(
    digits: Path, picture: Callable[..., bytes]
) -> None:
    model = load_model(digits, ServeSettings(threads=1, max_batch=1))
    files = [picture(seed) for seed in range(4)]
    in_rows = pa.table({"image": pa.array(files[1:3], pa.large_binary())})
    alone = [model.answer([Picture(data)])[0] for data in files]
    first, bad, middle, last = model.answer(
        [Picture(files[0]), Picture(b"no picture"), in_rows, Picture(files[3])]
    )
    assert isinstance(bad, Refusal)
    assert [cell.row for cell in bad.cells] == [0]
    assert isinstance(middle, ServedAnswers)
    assert middle.num_rows == 2
    found = [first, middle.part(0, 1), middle.part(1, 2), last]
    for answers, wanted in zip(found, alone, strict=True):
        assert isinstance(answers, ServedAnswers)
        assert isinstance(wanted, ServedAnswers)
        assert answers.columns["prediction"] == wanted.columns["prediction"]
        np.testing.assert_allclose(
            answers.columns["probabilities"], wanted.columns["probabilities"], atol=1e-6
        )
