"""Models that learn to read from the rows at hand: what they are told, what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from stoker.bundle.session import run_graph
from stoker.candidates.conditions import Conditions
from stoker.cells.ragged import Ragged
from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.core.steps import make_step
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features import FittedFeature
from stoker.features.number import FittedNumber
from stoker.models import Network
from stoker.models.rnn import Rnn
from stoker.models.transformer import Transformer
from stoker.networks.graph_names import graph_input
from stoker.tasks.classify import FittedClassify
from stoker.train.settings import Settings
from tests.networks.words import FittedWords

TASK = FittedClassify(classes=("ab", "ba"), counts=(1, 1), kind="text")
NUMBER = FittedNumber(mean=0, std=1, low=-3, high=3, had_missing=False, raw=True)
FEATURES: dict[str, FittedFeature] = {"t": FittedWords(num_tokens=8), "n": NUMBER}
COLUMNS = {"t": Column("uint16", ragged=True), "n": Column("float64")}
SMALL = {
    "rnn": {"rnn": {"width": 8, "dropout": 0, "max_length": 8}},
    "transformer": {
        "transformer": {"width": 16, "depth": 1, "heads": 2, "dropout": 0, "max_length": 8}
    },
}


def part(folder: Path, name: str, size: int) -> PreparedSet:
    """Texts of three words or more, which begin with 1 and 2 in the order that the class says."""
    random = np.random.default_rng(size)
    target, length_N = random.integers(0, 2, size), random.integers(3, 10, size)
    rows = Ragged(
        random.integers(3, 8, length_N.sum(), dtype=np.uint16), np.r_[0, length_N.cumsum()]
    )
    for row, code in enumerate(target.tolist()):
        rows[row][:2] = (2, 1) if code else (1, 2)
    with PreparedWriter(folder, name, COLUMNS, Column("int64")) as writer:
        columns = {"t": rows, "n": random.normal(size=size)}
        writer.append(columns, target=target, row=np.arange(size))
    return PreparedSet.open(folder, name)


@pytest.mark.parametrize("name", SMALL)
def test_learns_what_order_says_and_its_graph_repeats_it(tmp_path: Path, name: str) -> None:
    train, validation = part(tmp_path, "train", 400), part(tmp_path, "validation", 100)
    settings = Settings(epochs=25, batch_size=32, rate=0.02, sampler="bucketed", threads=1)  # pyrefly: ignore
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        fitted = make_step("stoker.models", SMALL[name], Network).fit(
            train,
            validation,
            TASK,
            under=Conditions(0, threads=1, features=FEATURES, settings=settings),
        )
    (line,) = [line for line in lines if "are not read" in line]
    assert f"t: the {name} reads 8 tokens" in line
    columns = {graph_input(column): validation.inputs[column] for column in FEATURES}
    found = run_graph(fitted.graph, columns)
    np.testing.assert_allclose(found, fitted.validation_output_NK, atol=1e-5)
    assert (found.argmax(axis=1) == np.asarray(validation.target)).mean() > 0.9


@pytest.mark.parametrize("model", [Rnn(), Transformer()], ids=["rnn", "transformer"])
def test_a_table_without_texts_is_one_clear_error(tmp_path: Path, model: Network) -> None:
    with PreparedWriter(tmp_path, "train", {"n": Column("float64")}, Column("int64")) as writer:
        writer.append({"n": np.zeros(3)}, target=np.arange(3), row=np.arange(3))
    rows = PreparedSet.open(tmp_path, "train")
    with pytest.raises(RecipeError, match="needs a column of texts"):
        model.fit(rows, rows, TASK, under=Conditions(0, features={"n": NUMBER}))


def test_heads_that_do_not_share_the_width_name_one_that_they_do() -> None:
    with pytest.raises(ValidationError, match=r"8 heads do not share .* 100 .* such as 112"):
        Transformer(width=100, heads=8)
    with pytest.raises(ValidationError, match="such as 4"):
        Transformer(width=2, heads=2)
