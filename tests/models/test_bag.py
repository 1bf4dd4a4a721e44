"""The bag of words: learns what words say, and its graph repeats it, whoever stands beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.cells.ragged import Ragged
from stoker.core.errors import RecipeError
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models.bag import Bag
from stoker.networks.graph_names import graph_input, offsets_input
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress

BINARY = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
TERNARY = FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text")
NUMBER = FittedRegress(mean=0, std=1, low=-9, high=9)
TASKS = pytest.mark.parametrize(
    "task", [BINARY, TERNARY, NUMBER], ids=["binary", "ternary", "number"]
)
TEXT = Column("int32", (), ragged=True)


def draw(rows: int, task: FittedTask, seed: int) -> tuple[Ragged, np.ndarray, np.ndarray]:
    """Texts in which the order of 1 and 2 and the word 3 say the target, and a number that does."""
    random = np.random.default_rng(seed)
    length_N = random.integers(0, 12, rows)
    offsets = np.concatenate([[0], length_N.cumsum()])
    value_V = random.integers(4, 30, offsets[-1]).astype(np.int32)
    texts = Ragged(value_V, offsets)
    score_N = np.zeros(rows)
    for row in np.flatnonzero(length_N >= 3).tolist():
        kind = int(random.integers(3))
        texts[row][:2] = ((1, 2), (2, 1), (3, 3))[kind]
        score_N[row] = kind - 1
    number_N = random.normal(size=rows)
    number_N[::7] = np.nan
    score_N += np.nan_to_num(number_N) * 0.5
    if task is NUMBER:
        return texts, number_N, score_N.astype(np.float32)
    edges = [0.0] if task is BINARY else [-0.4, 0.4]
    return texts, number_N, np.digitize(score_N, edges).astype(np.int64)


def part(folder: Path, name: str, task: FittedTask, *, number: bool) -> PreparedSet:
    texts, number_N, target = draw(600 if name == "train" else 200, task, len(name))
    forms = {"词": TEXT} | ({"n": Column("float64")} if number else {})
    columns: dict[str, np.ndarray | Ragged] = {"词": texts} | ({"n": number_N} if number else {})
    folder.mkdir(exist_ok=True)
    with PreparedWriter(folder, name, forms, task.target_form) as writer:
        writer.append(columns, target=target, row=np.arange(len(target)))
    return PreparedSet.open(folder, name)


def fit(folder: Path, task: FittedTask, model: Bag | None = None, *, number: bool = True) -> Fitted:
    train, validation = (
        part(folder, name, task, number=number) for name in ("train", "validation")
    )
    return (model or Bag()).fit(train, validation, task, under=Conditions(0, threads=1))


def ask(fitted: Fitted, texts: Ragged, number_N: np.ndarray | None = None) -> np.ndarray:
    session = onnxruntime.InferenceSession(fitted.graph, providers=["CPUExecutionProvider"])
    name = graph_input("词")
    feed = {name: texts.values, offsets_input(name): texts.offsets}
    if number_N is not None:
        feed[graph_input("n")] = number_N
    return np.asarray(session.run(None, feed)[0])


@TASKS
@pytest.mark.parametrize("number", [True, False], ids=["hybrid", "text"])
def test_learns_and_its_graph_repeats_it(tmp_path: Path, task: FittedTask, number: bool) -> None:
    fitted = fit(tmp_path, task, number=number)
    texts, number_N, target = draw(200, task, len("validation"))
    output_NK = ask(fitted, texts, number_N if number else None)
    np.testing.assert_allclose(output_NK, fitted.validation_output_NK, atol=1e-4)
    texts, number_N, target = draw(500, task, 5)
    output_NK = ask(fitted, texts, number_N if number else None)
    if task is NUMBER:
        assert np.square(output_NK[:, 0] - target).mean() < 0.5 * target.var()
    else:
        assert (output_NK.argmax(axis=1) == target).mean() > np.bincount(target).max() / 500 + 0.15


def test_neighbours_change_no_answer_bit_for_bit(tmp_path: Path) -> None:
    fitted = fit(tmp_path, TERNARY)
    texts, number_N, _ = draw(80, TERNARY, 3)
    together = ask(fitted, texts, number_N)
    for row in range(80):
        alone = ask(fitted, texts.gather(np.array([row])), number_N[row : row + 1])
        np.testing.assert_array_equal(alone[0], together[row])
    order = np.random.default_rng(0).permutation(80)
    np.testing.assert_array_equal(
        ask(fitted, texts.gather(order), number_N[order]), together[order]
    )


def test_texts_without_a_known_word_are_answered(tmp_path: Path) -> None:
    fitted = fit(tmp_path, BINARY, number=False)
    nothing = Ragged(np.array([999_999, -5], np.int32), np.array([0, 0, 1, 2, 2]))
    output_NK = ask(fitted, nothing)
    assert np.isfinite(output_NK).all()
    np.testing.assert_array_equal(output_NK, np.repeat(output_NK[:1], 4, axis=0))
    none = Ragged(np.zeros(0, np.int32), np.zeros(4, np.int64))
    np.testing.assert_array_equal(ask(fitted, none), output_NK[:3])


def test_order_of_words_is_seen_only_by_runs_of_two(tmp_path: Path) -> None:
    words, pairs = (
        fit(tmp_path / "1", TERNARY, Bag(longest=1), number=False),
        fit(tmp_path / "2", TERNARY, Bag(longest=2), number=False),
    )
    swapped = [Ragged(np.array(two, np.int32), np.array([0, 2])) for two in ([1, 2], [2, 1])]
    np.testing.assert_array_equal(ask(words, swapped[0]), ask(words, swapped[1]))
    assert (ask(pairs, swapped[0]).argmax(), ask(pairs, swapped[1]).argmax()) == (0, 1)
    assert fit(tmp_path / "3", TERNARY, number=False).facts["settings"]["longest"] >= 2


def test_equal_data_give_equal_bytes(tmp_path: Path) -> None:
    one, two = fit(tmp_path / "1", TERNARY), fit(tmp_path / "2", TERNARY)
    assert one.graph == two.graph
    assert one.history == two.history


def test_a_class_that_training_lacks_is_never_answered(tmp_path: Path) -> None:
    wide = FittedClassify(classes=("a", "b", "c", "d"), counts=(1, 1, 1, 1), kind="text")
    fitted = fit(tmp_path, wide, number=False)
    assert fitted.validation_output_NK.shape[1] == 4
    assert (fitted.validation_output_NK.argmax(axis=1) != 3).all()


def test_a_table_without_texts_is_one_clear_error(tmp_path: Path) -> None:
    with PreparedWriter(tmp_path, "train", {"n": Column("float64")}, Column("int64")) as writer:
        writer.append({"n": np.zeros(3)}, target=np.arange(3), row=np.arange(3))
    rows = PreparedSet.open(tmp_path, "train")
    with pytest.raises(RecipeError, match="needs a column of texts"):
        Bag().fit(rows, rows, TERNARY, under=Conditions(0))
