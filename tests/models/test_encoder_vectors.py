"""An encoder whose own vectors are the answers: as it was read, or better after training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from stoker.bundle.session import run_graph
from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.core import events
from stoker.core.errors import RecipeError
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features.tokens import Tokens
from stoker.models import Model, check_vectors
from stoker.models.bag import Bag
from stoker.models.encoder import Encoder
from stoker.networks.graph_names import graph_input
from stoker.networks.text_encoder import pooled
from stoker.tasks.embed import Embed, FittedEmbed
from stoker.train.settings import Settings
from tests.models.test_encoder import WORDS, write_folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("vectors") / "encoder")


def part(place: Path, name: str, folder: Path, pairs: int) -> PreparedSet:
    """Pairs of texts: eight words, and what each of them is called in another language."""
    random = np.random.default_rng(len(name))
    called = dict(zip(WORDS, (*WORDS[3:], *WORDS[:3]), strict=True))
    said = [random.choice(WORDS, 8) for _ in range(pairs)]
    texts = [" ".join(text) for one in said for text in (one, [called[word] for word in one])]
    step = Tokens(tokenizer=folder / "tokenizer.json").fit(pa.chunked_array([texts]))
    pair_N = pa.array(np.arange(pairs).repeat(2) + 1_000 * len(name))
    with PreparedWriter(
        place, name, {"t": Column("uint16", (), ragged=True)}, Column("int64")
    ) as writer:
        writer.append(
            {"t": step.transform(pa.array(texts)).rows()},
            target=FittedEmbed().encode(pair_N).values,
            row=np.arange(2 * pairs),
        )
    return PreparedSet.open(place, name)


def fit(place: Path, folder: Path, rate: float, **options: object) -> tuple[Fitted, PreparedSet]:
    train, validation = part(place, "train", folder, 150), part(place, "validation", folder, 40)
    feature = Tokens(tokenizer=folder / "tokenizer.json").fit(pa.chunked_array([["tea"]]))
    settings = Settings(epochs=4, batch_size=32, rate=rate, sampler="partners", threads=1)  # pyrefly: ignore
    under = Conditions(0, threads=1, features={"t": feature}, settings=settings)
    step = Encoder.model_validate({"path": folder, **options})
    return step.fit(train, validation, FittedEmbed(), under=under), validation


def found(fitted: Fitted, rows: PreparedSet) -> float:
    return FittedEmbed().answers(fitted.validation_output_NK, rows.target).at_a_glance()


def test_training_brings_together_what_belongs_together(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before, rows = fit(tmp_path / "before", folder, 0.001, layers=0)
    after, _ = fit(tmp_path / "after", folder, 0.001)
    assert found(before, rows) + 0.1 < found(after, rows)
    for one in (before, after):
        vectors = run_graph(one.graph, {graph_input("t"): rows.ragged["t"]})
        assert vectors.shape == (80, 32)
        np.testing.assert_allclose(vectors, one.validation_output_NK, atol=2e-6)
        np.testing.assert_allclose(np.square(vectors).sum(1), 1, atol=1e-5)


def test_vectors_are_means_of_the_places_and_nothing_is_added(tmp_path: Path, folder: Path) -> None:
    fitted, rows = fit(tmp_path, folder, 0.001, layers=0)
    encoder = Encoder(path=folder)
    network = encoder.build({"t": Tokens(tokenizer=folder / "tokenizer.json").fit(
        pa.chunked_array([["tea"]]))}, 0).eval()  # fmt: skip
    tokens = torch.from_numpy(rows.ragged["t"].values[: rows.ragged["t"].offsets[1]].astype(int))
    whole = torch.cat([torch.tensor([390]), tokens, torch.tensor([391])])[None]
    reader = network.readers[0].encoder  # pyrefly: ignore  # torch does not know its parts
    with torch.no_grad():
        mean = pooled(reader(whole, torch.ones_like(whole, dtype=torch.bool)), whole > -1, "mean")
    expected = torch.nn.functional.normalize(mean)[0].numpy()
    np.testing.assert_allclose(fitted.validation_output_NK[0], expected, atol=1e-6)


def test_training_that_makes_it_worse_is_not_used(tmp_path: Path, folder: Path) -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        fitted, _ = fit(tmp_path, folder, 0.9)
    assert fitted.facts["settings"] == {"layers": 0}
    assert fitted.history
    assert any("stays as it was read" in line for line in lines)


@pytest.mark.parametrize("model", [None, Bag()])
def test_a_model_without_vectors_is_refused(model: Model | None) -> None:
    with pytest.raises(RecipeError, match="vectors"):
        check_vectors(model, Embed.gives)
