"""The blend: parity, equal bytes, weights that follow what is best, folds that keep units whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from stoker.bundle._operators import _WRITTEN, OPERATORS
from stoker.bundle.session import run_graph
from stoker.candidates.conditions import Conditions
from stoker.candidates.fitted import Fitted
from stoker.compress.int8 import _quantise
from stoker.core.events import Silent, listening, recording
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.models import _search, _table_network
from stoker.models._blend_weights import choose_weights
from stoker.models._row_losses import loss_of
from stoker.models._rows import join
from stoker.models._search import deal, first_candidates
from stoker.models.blend import Blend, prudent
from stoker.models.boosted_trees import BoostedTrees
from stoker.models.linear import Linear
from stoker.models.mlp import Mlp
from stoker.networks.graph_names import graph_input
from stoker.tasks import FittedTask
from stoker.tasks.classify import FittedClassify
from stoker.tasks.regress import FittedRegress
from stoker.train.habits import Preset

BINARY = FittedClassify(classes=("no", "yes"), counts=(1, 1), kind="text")
TERNARY = FittedClassify(classes=("a", "b", "c"), counts=(1, 1, 1), kind="text")
NUMBER = FittedRegress(mean=5, std=2, low=-9, high=9)
ONE = Conditions(3, threads=1)
FORMS = {"数": Column("float64"), "when": Column("float64", (2,)), "code": Column("int32")}


def steps(x: np.ndarray, pair: np.ndarray, code: np.ndarray) -> np.ndarray:
    """What trees see and lines do not."""
    return np.sign(x) * np.sign(pair[:, 0]) + (code % 2)


def lines(x: np.ndarray, pair: np.ndarray, code: np.ndarray) -> np.ndarray:
    """What lines see at once."""
    return x - 2 * pair[:, 1] + 0.3 * code


Signal = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def make_part(
    folder: Path, part: str, task: FittedTask, rows: int, signal: Signal = lines
) -> PreparedSet:
    random = np.random.default_rng(len(part))
    x, pair = random.normal(size=rows), random.normal(size=(rows, 2))
    code = random.integers(0, 6, rows).astype(np.int32)
    noisy = signal(x, pair, code) + random.normal(0, 0.3, rows)
    target = noisy.astype(np.float32)
    if task.output.width > 1:
        target = np.digitize(noisy, [0.5, 1.5][: task.output.width - 1]).astype(np.int64)
    x[::11] = np.nan
    folder.mkdir(exist_ok=True)
    with PreparedWriter(folder, part, FORMS, task.target_form) as writer:
        columns = {"数": x, "when": pair, "code": code}
        writer.append(columns, target=target, row=np.arange(rows))
    return PreparedSet.open(folder, part)


def fit(
    folder: Path, task: FittedTask, signal: Signal = lines, under: Conditions = ONE
) -> tuple[Fitted, PreparedSet]:
    train = make_part(folder, "train", task, 400, signal)
    validation = make_part(folder, "validation", task, 120, signal)
    return Blend().fit(train, validation, task, under=under), validation


def parts_of(folder: Path, task: FittedTask) -> tuple[PreparedSet, PreparedSet]:
    return make_part(folder, "train", task, 400), make_part(folder, "validation", task, 120)


def answers(estimate: Fitted, part: PreparedSet) -> np.ndarray:
    feed = {graph_input(name): np.array(c) for name, c in part.columns.items()}
    return np.asarray(onnxruntime.InferenceSession(estimate.graph).run(None, feed)[0])


@pytest.mark.parametrize("task", [BINARY, TERNARY, NUMBER], ids=["binary", "ternary", "number"])
def test_one_graph_repeats_what_all_members_said(tmp_path: Path, task: FittedTask) -> None:
    estimate, validation = fit(tmp_path, task, steps)
    found = answers(estimate, validation)
    np.testing.assert_allclose(found, estimate.validation_output_NK, atol=2e-5)
    assert loss_of(found, validation.target) < 0.5 * loss_of(
        np.zeros_like(found), validation.target
    )


def test_equal_seeds_give_equal_bytes_on_any_number_of_threads(tmp_path: Path) -> None:
    first, _ = fit(tmp_path / "a", TERNARY)
    threaded, _ = fit(tmp_path / "b", TERNARY, under=replace(ONE, threads=2))
    assert first.graph == threaded.graph
    assert first.leaderboard == threaded.leaderboard
    other, _ = fit(tmp_path / "c", TERNARY, steps, under=replace(ONE, seed=4))
    assert other.graph != first.graph


def test_the_linear_model_gets_the_weight_where_it_is_best(tmp_path: Path) -> None:
    board = fit(tmp_path, NUMBER, lines)[0].leaderboard
    assert board is not None
    assert board.entries[0].name.startswith("linear")
    assert sum(e.weight for e in board.members if e.name.startswith("linear")) > 0.8


def test_trees_get_the_weight_where_they_are_best(tmp_path: Path) -> None:
    board = fit(tmp_path, BINARY, steps)[0].leaderboard
    assert board is not None
    assert sum(e.weight for e in board.members if e.name.startswith("trees")) > 0.8


def test_the_leaderboard_tells_what_was_tried(tmp_path: Path) -> None:
    estimate, _ = fit(tmp_path, NUMBER)
    board = estimate.leaderboard
    assert board is not None
    assert (board.metric, board.rows) == ("rmse", 520)
    assert board.how == "5 folds of training and validation rows"
    done = [entry for entry in board.entries if entry.folds == 5]
    assert [e.score for e in done] == sorted(e.score or 0.0 for e in done)
    assert all(e.low is not None and e.low < (e.score or 0) < (e.high or 0) for e in done)
    assert sum(entry.weight for entry in board.entries) == pytest.approx(1, abs=1e-3)
    assert {entry.name for entry in board.entries} == {one.name for one in estimate.timings}
    given_up = [entry for entry in board.entries if entry.folds < 5]
    assert all(entry.note.startswith("given up after 1 of 5 folds; ") for entry in given_up)
    assert all("on the same rows" in entry.note for entry in given_up)


@pytest.mark.parametrize("task", [BINARY, NUMBER], ids=["binary", "number"])
def test_what_a_budget_left_no_time_for_is_said(tmp_path: Path, task: FittedTask) -> None:
    """Six candidates of eight were missing on the board, and nothing said so."""
    with recording() as lines:
        board = fit(tmp_path, task, under=replace(ONE, deadline_s=1e-3))[0].leaderboard
    assert board is not None
    rows = join(*parts_of(tmp_path / "again", task), task.output.width, max_bins=255, seed=3)
    names = {named.name for named in first_candidates(rows, ONE)}
    assert {entry.name for entry in board.entries} == names
    never = [entry for entry in board.entries if not entry.folds]
    assert len(never) >= len(names) - 1
    assert all(entry.note == "not tried: train.budget was used up before" for entry in never)
    assert all((entry.score, entry.weight) == (None, 0.0) for entry in never)
    (warning,) = (line for line in lines if line.kind == "warning")
    assert warning.passing, "another machine has time for more"
    assert warning.text.startswith("train.budget was used up; not tried: ")
    assert all(entry.name in warning.text for entry in never)


def test_a_budget_that_is_not_used_up_says_nothing(tmp_path: Path) -> None:
    with recording() as lines:
        board = fit(tmp_path, BINARY, under=replace(ONE, deadline_s=3600))[0].leaderboard
    assert board is not None
    assert all(entry.folds for entry in board.entries)
    assert not any("budget" in line.text for line in lines)


def test_a_loss_has_no_end_below_zero(tmp_path: Path) -> None:
    """Few rows, one of which is far off: the interval of a mean loss is cut where losses are."""
    train = make_part(tmp_path, "train", BINARY, 60, steps)
    validation = make_part(tmp_path, "validation", BINARY, 12, steps)
    board = Blend().fit(train, validation, BINARY, under=replace(ONE, preset="fast")).leaderboard
    assert board is not None
    assert all(e.low is not None and e.low >= 0 for e in board.entries)


def test_every_candidate_is_a_line_on_the_terminal(tmp_path: Path) -> None:
    class Told(Silent):
        def __init__(self) -> None:
            self.lines: list[str] = []

        def message(self, text: str) -> None:
            self.lines.append(text)

    told = Told()
    with listening(told):
        board = fit(tmp_path, BINARY)[0].leaderboard
    assert board is not None
    assert told.lines[0].startswith("candidates, by log_loss on 520 rows")
    for entry, line in zip(board.entries, told.lines[1:], strict=True):
        assert line.strip().startswith(f"{entry.name}: ")


def test_rows_left_out_are_answered_by_models_that_did_not_see_them(tmp_path: Path) -> None:
    """Of pure noise nothing can be learned; answers to rows that were seen would look better."""

    def noise(x: np.ndarray, pair: np.ndarray, code: np.ndarray) -> np.ndarray:
        return np.random.default_rng(1).normal(size=len(x))

    estimate, _ = fit(tmp_path, NUMBER, noise)
    held = estimate.held_out
    assert held is not None
    assert len(held.target_N) == 520
    assert loss_of(held.output_NK, held.target_N) > 0.97 * np.var(held.target_N)


def test_fast_and_times_leave_out_the_validation_part_only(tmp_path: Path) -> None:
    for under in (replace(ONE, preset="fast"), replace(ONE, is_ordered=True)):
        board = fit(tmp_path / under.preset, BINARY, under=under)[0].leaderboard
        assert board is not None
        assert (board.rows, board.how) == (120, "rows of the validation part")


def test_units_stay_in_one_fold(tmp_path: Path) -> None:
    train = make_part(tmp_path, "train", BINARY, 400)
    validation = make_part(tmp_path, "validation", BINARY, 120)
    unit_N = np.arange(520) // 7
    rows = join(train, validation, 2, max_bins=255, seed=0, unit_N=unit_N)
    fold_N = deal(rows, ONE).fold_N
    assert set(fold_N.tolist()) == {0, 1, 2, 3, 4}
    for unit in range(unit_N.max() + 1):
        assert len(set(fold_N[rows.unit_N == unit].tolist())) == 1


def test_a_budget_that_is_over_still_gives_a_model(tmp_path: Path) -> None:
    estimate, validation = fit(tmp_path, BINARY, under=replace(ONE, deadline_s=1e-3))
    np.testing.assert_allclose(
        answers(estimate, validation), estimate.validation_output_NK, atol=2e-5
    )


def test_best_goes_on_with_drawn_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_search, "_DRAWN", 2)
    board = fit(tmp_path, BINARY, under=replace(ONE, preset="best"))[0].leaderboard
    assert board is not None
    names = [entry.name for entry in board.entries]
    assert "trees, 63 leaves" in names
    assert sum("draw" in name for name in names) == 2


def test_class_weights_are_taken_back_before_scores(tmp_path: Path) -> None:
    train = make_part(tmp_path, "train", BINARY, 400)
    validation = make_part(tmp_path, "validation", BINARY, 120)
    weight_K = np.array([0.5, 9.0], np.float32)
    plain = Blend().fit(train, validation, BINARY, under=ONE).leaderboard
    weighed = (
        Blend().fit(train, validation, BINARY, under=replace(ONE, weight_K=weight_K)).leaderboard
    )
    assert plain is not None
    assert weighed is not None
    best = [board.entries[0].score for board in (plain, weighed)]
    assert best[1] == pytest.approx(best[0], rel=0.25)


def test_weights_are_no_worse_than_the_best_candidate() -> None:
    random = np.random.default_rng(0)
    target = random.normal(size=300).astype(np.float32)
    outputs = [target[:, None] + random.normal(0, s, (300, 1)) for s in (0.5, 0.6, 3.0)]
    weight = choose_weights(outputs, target)
    blended = loss_of(
        sum((w * o for w, o in zip(weight, outputs, strict=True)), 0 * outputs[0]), target
    )
    assert blended < 0.8 * min(loss_of(o, target) for o in outputs)
    assert weight[2] == 0
    assert weight.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("rows", "gains", "share"),
    [
        (40, (1e-9, 1e-9), 0.0),  # certainty of many nines
        (40, (-0.1, 0.11), 0.0),  # within one standard error
        (40, (0.0, 0.2), 0.9),  # six of them
        (40, (-0.1, 0.2), 0.1),  # two of them
        (300, (-0.1, 0.2), 1.0),  # more than one, of some more rows
    ],
)
def test_few_rows_keep_the_straight_line_until_it_is_beaten(
    rows: int, gains: tuple[float, float], share: float
) -> None:
    target = np.zeros(rows, np.float32)
    straight = np.ones((rows, 1))
    other = np.sqrt(1 - np.resize(gains, rows))[:, None]
    weight = prudent(np.array([0.0, 1.0]), [straight, other], target)
    assert weight.sum() == pytest.approx(1)
    assert weight[1] == pytest.approx(share, abs=0.05)


def test_a_candidate_that_hardly_helps_is_left_out() -> None:
    target = np.arange(100, dtype=np.float32)
    close = target[:, None] + np.where(np.arange(100)[:, None] % 2, 1.0, -1.0)
    weight = choose_weights([close, close + 1e-4], target)
    assert sorted(weight.tolist()) == [0, 1]


def bends(x: np.ndarray, pair: np.ndarray, code: np.ndarray) -> np.ndarray:
    """A smooth product, which neither lines nor a few hundred rows of trees follow well."""
    return 2 * x * pair[:, 0] + np.sin(2 * pair[:, 1])


NETWORK = _search.Named("network", Mlp(hidden=(16,), periodic=3))
LINEAR = _search.Named("linear", Linear())
BEST = replace(ONE, preset="best")
PRESETS: tuple[Preset, ...] = ("fast", "good", "best")


def only(monkeypatch: pytest.MonkeyPatch, *candidates: _search.Named) -> None:
    monkeypatch.setattr(_search, "first_candidates", lambda *_: list(candidates))
    monkeypatch.setattr(_search, "_DRAWN", 0)
    monkeypatch.setattr(_table_network, "_RATE", 1e-2)
    monkeypatch.setattr(_table_network, "_EPOCHS", 12)


@pytest.mark.parametrize("task", [BINARY, TERNARY, NUMBER], ids=["binary", "ternary", "number"])
def test_a_network_answers_alike_in_training_and_in_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: FittedTask
) -> None:
    only(monkeypatch, NETWORK)
    estimate, validation = fit(tmp_path, task, bends, BEST)
    found = answers(estimate, validation)
    np.testing.assert_allclose(found, estimate.validation_output_NK, atol=2e-5)
    held = estimate.held_out
    assert held is not None
    nothing = loss_of(np.zeros_like(held.output_NK), held.target_N)
    assert loss_of(held.output_NK, held.target_N) < 0.9 * nothing
    board = estimate.leaderboard
    assert board is not None
    assert board.entries[0].model["mlp"]["periodic"] == 3


def test_a_network_in_a_graph_can_be_quantised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, LINEAR, NETWORK)
    monkeypatch.setattr(_table_network, "_EPOCHS", 3)
    estimate, validation = fit(tmp_path, NUMBER, bends, BEST)
    assert "network_0.share" in estimate.weights
    tensors = {graph_input(name): np.array(c) for name, c in validation.columns.items()}
    smaller = _quantise(estimate.graph, tensors, "signed")
    exact_NK = run_graph(estimate.graph, tensors)
    assert np.abs(run_graph(smaller, tensors) - exact_NK).mean() < 0.1 * exact_NK.std()


def test_a_network_is_equal_bytes_on_any_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, NETWORK)
    first, _ = fit(tmp_path / "a", TERNARY, bends, BEST)
    torch.rand(1)  # whatever drew from the global generator before
    threaded, _ = fit(tmp_path / "b", TERNARY, bends, replace(BEST, threads=2))
    assert first.graph == threaded.graph


def test_a_network_joins_the_average_where_it_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = _search.Named("trees", BoostedTrees(num_leaves=4, learning_rate=0.3))
    only(monkeypatch, LINEAR, trees, NETWORK)
    estimate, validation = fit(tmp_path, NUMBER, bends, BEST)
    board = estimate.leaderboard
    assert board is not None
    assert sum(e.weight for e in board.members if e.name.startswith("network")) > 0.2
    np.testing.assert_allclose(
        answers(estimate, validation), estimate.validation_output_NK, atol=2e-5
    )
    assert {node.op_type for node in onnx.load_from_string(estimate.graph).graph.node} <= {
        *_WRITTEN,
        *OPERATORS["ai.onnx.ml"],
    }


def test_best_tries_a_network_and_good_does_not(tmp_path: Path) -> None:
    rows = join(*parts_of(tmp_path, NUMBER), 1, max_bins=255, seed=0)
    names = {p: [n.name for n in first_candidates(rows, replace(ONE, preset=p))] for p in PRESETS}
    assert [any("network" in name for name in names[p]) for p in PRESETS] == [False, False, True]


def test_good_imports_no_torch(tmp_path: Path) -> None:
    make_part(tmp_path, "train", BINARY, 90)
    make_part(tmp_path, "validation", BINARY, 30)
    code = (
        "import sys; from pathlib import Path\n"
        "from stoker.data.prepare.prepared_set import PreparedSet\n"
        "from stoker.candidates.conditions import Conditions\n"
        "from stoker.models.blend import Blend\n"
        "from stoker.tasks.classify import FittedClassify\n"
        f"train, validation = (PreparedSet.open(Path({str(tmp_path)!r}), p)"
        " for p in ('train', 'validation'))\n"
        "task = FittedClassify(classes=('a', 'b'), counts=(1, 1), kind='text')\n"
        "Blend().fit(train, validation, task, under=Conditions(0, threads=1))\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_candidate_that_was_cut_short_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = BoostedTrees(num_leaves=15, num_trees=3)
    monkeypatch.setattr(
        _search, "first_candidates", lambda rows, under: [_search.Named("trees, short", short)]
    )
    board = fit(tmp_path, BINARY, steps)[0].leaderboard
    assert board is not None
    names = {entry.name for entry in board.entries}
    assert names == {"trees, short", "trees, 60 leaves, all columns"}, "larger ones are tried"
    under = replace(ONE, preset="fast")
    board = fit(tmp_path / "fast", BINARY, steps, under=under)[0].leaderboard
    assert board is not None
    (entry,) = board.entries
    assert entry.name == "trees, short"
    assert entry.note == "stopped at 3 trees while its loss was still falling"
