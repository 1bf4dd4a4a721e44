"""The last layers of a backbone are trained further, and taken only where that is better.

The pictures are the handwritten digits that come with the package; is it an even one?  The backbone
has random weights that let signals through, so nothing is fetched.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file, save
from torch import nn

from stoker import cli
from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.core import events
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.features import Form
from stoker.models._row_losses import losses_N
from stoker.models.pretrained import Pretrained
from stoker.networks import fine_tuned, frozen
from stoker.networks.efficientnet_lite import EfficientNetLite
from stoker.networks.graph_names import graph_input
from stoker.tasks.classify import FittedClassify

TASK = FittedClassify(classes=("odd", "even"), counts=(1, 1), kind="text")
SIDE, TRAIN, ALL = 64, 300, 600
COLUMNS = {"image": Form(np.dtype(np.uint8), (1, 8, 8)), "code": Form(np.dtype(np.int32), ())}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backbone whose signals neither die nor explode."""
    torch.manual_seed(1)
    network = EfficientNetLite(SIDE)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    folder = tmp_path_factory.mktemp("backbone")
    state = {name: value.numpy() for name, value in network.state_dict().items()}
    (folder / "model.safetensors").write_bytes(save(state))
    return folder


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[PreparedSet, PreparedSet]:
    """Training and validation rows; the code beside the picture says nothing."""
    templates = Path(cli.__file__).with_name("templates")
    label = np.array([int(c) for c in (templates / "digits.txt").read_text("ascii").strip()])
    with Image.open(templates / "digits.png") as sheet:
        pixel = np.asarray(sheet).reshape(-1, 8, 30, 8).swapaxes(1, 2).reshape(-1, 1, 8, 8)
    code = np.random.default_rng(0).integers(0, 3, ALL).astype(np.int32)
    folder = tmp_path_factory.mktemp("prepared")
    forms = {name: Column(form.dtype.name, form.shape) for name, form in COLUMNS.items()}
    for part, rows in (("train", slice(TRAIN)), ("validation", slice(TRAIN, ALL))):
        row = np.arange(ALL)[rows]
        with PreparedWriter(folder, part, forms, Column("int64")) as writer:
            columns = {"image": pixel[rows], "code": code[rows]}
            writer.append(columns, target=1 - label[rows] % 2, row=row)
    return PreparedSet.open(folder, "train"), PreparedSet.open(folder, "validation")


def fit(
    parts: tuple[PreparedSet, PreparedSet],
    weights: Path,
    count: int,
    under: Conditions,
    weight_K: np.ndarray | None = None,
) -> tuple[Fitted, list[str]]:
    """A fit and what it says."""
    lines: list[str] = []

    class Told(events.Silent):
        def message(self, text: str) -> None:
            lines.append(text)

    model = Pretrained(side=SIDE, path=str(weights), fine_tune=count)
    with events.listening(Told()):
        return model.fit(*parts, TASK, under=replace(under, weight_K=weight_K)), lines


@pytest.fixture(scope="module", params=[1, 2], ids=["taken", "refused"])
def found(
    request: pytest.FixtureRequest, parts: tuple[PreparedSet, PreparedSet], weights: Path
) -> tuple[int, Fitted, list[str]]:
    """Fits whose last convolution, and whose last block too, was trained further."""
    count = int(request.param)
    return count, *fit(parts, weights, count, Conditions(3, threads=1))


@pytest.mark.parametrize("count", range(1, 6))
def test_the_halves_of_a_backbone_are_the_whole(count: int) -> None:
    torch.manual_seed(0)
    network, image = EfficientNetLite(32), torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        halves = network.above(network.below(image, count), count)
        torch.testing.assert_close(halves, network(image), rtol=0, atol=0)
    assert len(network.last(count)) == count
    assert network.last(count)[-1] is network.head


def test_trained_layers_are_taken_where_they_are_clearly_better(
    found: tuple[int, Fitted, list[str]], parts: tuple[PreparedSet, PreparedSet]
) -> None:
    count, estimate, lines = found
    board = estimate.leaderboard
    assert board is not None
    by_name = {entry.name: entry for entry in board.entries}
    assert set(by_name) == {"frozen", "fine-tuned"}
    (chosen,) = board.members
    assert chosen.name == ("fine-tuned" if count == 1 else "frozen")
    loss_N = losses_N(estimate.validation_output_NK, np.asarray(parts[1].target))
    assert loss_N.mean() == pytest.approx(chosen.score, rel=1e-5)
    assert bool(by_name["fine-tuned"].note) == (count != 1)
    assert any("fine-tuned" in line for line in lines)
    steps = {name: entry.model["pretrained"] for name, entry in by_name.items()}
    assert [steps[name]["fine_tune"] for name in ("frozen", "fine-tuned")] == [0, count]


def test_the_graph_answers_as_training_did(
    found: tuple[int, Fitted, list[str]], parts: tuple[PreparedSet, PreparedSet]
) -> None:
    _, estimate, _ = found
    feed = {graph_input(name): np.array(c) for name, c in parts[1].columns.items()}
    answers = np.asarray(onnxruntime.InferenceSession(estimate.graph).run(None, feed)[0])
    np.testing.assert_allclose(answers, estimate.validation_output_NK, atol=1e-4)


def test_only_the_last_layers_differ_from_the_weights_that_were_given(
    found: tuple[int, Fitted, list[str]], weights: Path
) -> None:
    count, estimate, _ = found
    last = {"head.convolution.weight", "head.convolution.bias"}
    assert changed_names(weights, estimate) == (last if count == 1 else set())


def changed_names(weights: Path, estimate: Fitted) -> set[str]:
    """Names of the backbone's weights that are no longer those of the file."""
    return {
        name
        for name, array in load_file(weights / "model.safetensors").items()
        if not np.array_equal(array, estimate.weights[f"vectors.backbone.{name}"])
    }


def test_rounds_end_when_the_validation_loss_does_not_fall(
    found: tuple[int, Fitted, list[str]],
) -> None:
    _, estimate, _ = found
    heads = [record for record in estimate.history if "penalty" in record]
    rounds = [record["validation_loss"] for record in estimate.history if "penalty" not in record]
    assert len(heads) == len(frozen.PENALTIES)
    least = min(record["validation_loss"] for record in heads)
    for place, loss in enumerate(rounds[:-1]):
        assert loss <= min([least, *rounds[:place]])
    settings = estimate.facts["settings"]
    assert settings["fine-tuned"]["rounds"] == rounds.index(min(rounds)) + 1
    assert settings["fine-tuned"]["penalty"] == settings["frozen"]["penalty"]


def test_equal_seeds_give_equal_bytes_on_any_number_of_threads(
    parts: tuple[PreparedSet, PreparedSet], weights: Path
) -> None:
    first, second = (fit(parts, weights, 2, Conditions(3, threads=n))[0] for n in (1, 2))
    assert first.graph == second.graph
    assert first.history == second.history


def test_without_time_the_layers_stay_and_that_is_said(
    parts: tuple[PreparedSet, PreparedSet], weights: Path
) -> None:
    estimate, lines = fit(parts, weights, 1, Conditions(3, deadline_s=1e-3, threads=1))
    assert lines == ["the budget leaves no time to train the last layers further"]
    assert estimate.leaderboard is None
    assert changed_names(weights, estimate) == set()


def test_the_scores_know_of_class_weights(
    parts: tuple[PreparedSet, PreparedSet], weights: Path
) -> None:
    """A class that counts more is answered more often; its share in logits is taken off again."""
    weight_K = np.array([1.0, 9.0], np.float32)
    estimate, _ = fit(parts, weights, 1, Conditions(3, threads=1), weight_K)
    board = estimate.leaderboard
    assert board is not None
    output_NK, target_N = estimate.validation_output_NK, np.asarray(parts[1].target)
    loss_N = losses_N(output_NK - np.log(weight_K), target_N)
    assert board.members[0].score == pytest.approx(loss_N.mean(), rel=1e-4)
    assert (output_NK.argmax(1) == 1).mean() > target_N.mean()


def test_what_enters_the_layers_is_mapped_from_a_file_of_the_size_of_the_maps(
    parts: tuple[PreparedSet, PreparedSet], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    vectors = frozen.Vectors(COLUMNS, {"code": 3}, SIDE)
    above = fine_tuned.Above(vectors, COLUMNS, 1)
    below = fine_tuned.below_graph(vectors, COLUMNS, 1)
    target_N = torch.from_numpy(np.array(parts[1].target))
    kept = fine_tuned.keep(below, parts[1].columns, target_N, tmp_path / "validation", 1)
    numbers = 320 * (SIDE // 32) ** 2 + 3
    assert (tmp_path / "validation").stat().st_size == 4 * numbers * (ALL - TRAIN)
    some = slice(5, 25)
    raw = {name: torch.from_numpy(np.array(c[some])) for name, c in parts[1].columns.items()}
    with torch.no_grad():
        torch.testing.assert_close(kept.vectors(above)[some], vectors(raw), rtol=1e-4, atol=1e-4)


def test_more_layers_are_said_to_take_longer() -> None:
    seconds = [Pretrained(fine_tune=n).fit_seconds(1_000, 0, 10) or 0.0 for n in range(6)]
    assert seconds == sorted(set(seconds))
