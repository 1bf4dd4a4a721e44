"""A pretrained encoder in a folder: read, refused, fixed or learning, the same in its graph."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.torch import save_file

from stoker.bundle.session import run_graph
from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.core import events
from stoker.core.errors import DataError, RecipeError
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features.tokens import FittedTokens, Tokens
from stoker.models.encoder import Encoder
from stoker.networks.graph_names import graph_input
from stoker.networks.text_encoder import TextEncoder, read_shape
from stoker.tasks.classify import FittedClassify
from stoker.train.settings import Settings

TASK = FittedClassify(classes=("bad", "good"), counts=(1, 1), kind="text")
CONFIG = {
    "model_type": "bert", "vocab_size": 400, "hidden_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 4, "intermediate_size": 64, "max_position_embeddings": 24,
}  # fmt: skip
WORDS = ("tea", "cup", "lid", "box", "mug", "pot")


def write_folder(folder: Path) -> Path:
    """A small encoder with random weights and a tokeniser that puts two tokens around a text."""
    folder.mkdir()
    plain = Tokens(size=300).fit(pa.chunked_array([["good bad " + " ".join(WORDS)] * 9]))
    written = json.loads(plain.tokenizer)
    token = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    written["added_tokens"] = [
        {"id": number, "content": name, "special": True, **token}
        for number, name in ((390, "[CLS]"), (391, "[SEP]"))
    ]
    written["post_processor"] = {
        "type": "BertProcessing", "sep": ["[SEP]", 391], "cls": ["[CLS]", 390],
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(written), "utf-8")
    (folder / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    torch.manual_seed(0)
    save_file(TextEncoder(read_shape(CONFIG)).state_dict(), folder / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("encoder") / "词")


def texts(rows: int, seed: int) -> tuple[list[str | None], np.ndarray]:
    random = np.random.default_rng(seed)
    target = random.integers(0, 2, rows)
    said = [
        " ".join(random.permutation([*random.choice(WORDS, random.integers(1, 30)), word]))
        for word in np.array(["bad", "good"])[target]
    ]
    return [None if row % 17 == 3 else text for row, text in enumerate(said)], target


def feature(folder: Path) -> FittedTokens:
    step = Tokens(tokenizer=folder / "tokenizer.json")
    return step.fit(pa.chunked_array([pa.array(texts(50, 1)[0])]))


def part(place: Path, name: str, made: FittedTokens, rows: int) -> PreparedSet:
    said, target = texts(rows, len(name))
    place.mkdir(exist_ok=True)
    with PreparedWriter(
        place, name, {"t": Column("uint16", (), ragged=True)}, Column("int64")
    ) as writer:
        column = made.transform(pa.array(said)).rows()
        writer.append({"t": column}, target=target, row=np.arange(rows))
    return PreparedSet.open(place, name)


def fit(place: Path, folder: Path, **options: object) -> tuple[Fitted, PreparedSet]:
    made = feature(folder)
    train, validation = part(place, "train", made, 200), part(place, "validation", made, 60)
    settings = Settings(epochs=6, batch_size=16, rate=0.003, sampler="bucketed", threads=1)  # pyrefly: ignore
    under = Conditions(0, threads=1, features={"t": made}, settings=settings)
    step = Encoder.model_validate({"path": folder, **options})
    return step.fit(train, validation, TASK, under=under), validation


@pytest.mark.parametrize("options", [{}, {"layers": 1, "pooling": "first"}, {"layers": 0}], ids=str)
def test_learns_and_its_graph_repeats_it(
    tmp_path: Path, folder: Path, options: dict[str, object]
) -> None:
    fitted, validation = fit(tmp_path, folder, **options)
    found = run_graph(fitted.graph, {graph_input("t"): validation.ragged["t"]})
    np.testing.assert_allclose(found, fitted.validation_output_NK, atol=2e-5)
    right = (found.argmax(axis=1) == np.asarray(validation.target)).mean()
    assert right > 0.65


def test_layers_that_do_not_learn_stay_as_they_were(tmp_path: Path, folder: Path) -> None:
    before = TextEncoder(read_shape(CONFIG))
    before.load_state_dict(Encoder(path=folder).files.weights())
    for layers, moved in ((0, set()), (1, {"1"})):
        weights = fit(tmp_path / str(layers), folder, layers=layers)[0].weights
        changed = {
            name.split(".")[2] if name.startswith("encoder.layer") else name
            for name, tensor in before.state_dict().items()
            if not np.array_equal(weights[f"readers.0.encoder.{name}"], tensor.numpy())
        }
        assert changed == moved


def test_what_is_not_read_of_long_texts_is_told(tmp_path: Path, folder: Path) -> None:
    lines: list[str] = []

    class Told(events.Silent):
        def warning(self, text: str) -> None:
            lines.append(text)

    with events.listening(Told()):
        fit(tmp_path, folder, layers=0)
    (line,) = [line for line in lines if "reads 22 tokens" in line]
    assert "of 200 texts are longer" in line


def test_tokens_of_another_tokeniser_are_refused(folder: Path) -> None:
    other = Tokens(size=300).fit(pa.chunked_array([["other words " * 3] * 9]))
    with pytest.raises(RecipeError, match="not those that the encoder learned with"):
        Encoder(path=folder).build({"t": other}, 2)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_a_folder_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, folder: Path, name: str, damage: str
) -> None:
    made = feature(folder)
    broken = write_folder(tmp_path / "broken")
    if damage == "gone":
        (broken / name).unlink()
    else:
        (broken / name).write_bytes((broken / name).read_bytes()[:-20])
    with pytest.raises(DataError, match=f"the encoder's {name} cannot be read"):
        Encoder(path=broken).build({"t": made}, 2)


def test_an_index_names_files_of_its_own_folder_only(tmp_path: Path, folder: Path) -> None:
    other = write_folder(tmp_path / "other")
    (other / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "../secret.safetensors"}})
    )
    with pytest.raises(DataError, match="names no files of its own folder"):
        Encoder(path=other).build({"t": feature(folder)}, 2)
