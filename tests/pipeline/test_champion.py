"""A worse version does not become what the server answers with, and every change is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from stoker.core.events import Silent, listening
from stoker.evaluate.evaluation import Comparison, Difference, Evaluation, Score
from stoker.pipeline.champion import CHAMPION, promote, worse_than
from stoker.pipeline.run import run
from stoker.store.catalog import Catalog


class Heard(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)

    warning = message


def register(catalog: Catalog, digit: str, value: float, low: float, high: float) -> int:
    score = {"value": value, "low": low, "high": high}
    return catalog.add_model("digits", digit * 64, {"score": score, "other": {"value": 1.0}})


@pytest.mark.parametrize(
    ("second", "higher_is_better", "takes_over"),
    [(0.95, True, True), (0.89, True, True), (0.85, True, False), (0.95, False, False)],
)
def test_a_worse_one_stays_behind(
    tmp_path: Path, second: float, higher_is_better: bool, takes_over: bool
) -> None:
    catalog, heard = Catalog(tmp_path), Heard()
    promote(catalog, "digits", register(catalog, "1", 0.9, 0.88, 0.92), higher_is_better=True)
    new = register(catalog, "2", second, second, second)
    with listening(heard):
        called = promote(catalog, "digits", new, higher_is_better=higher_is_better)
    assert catalog.resolve("digits", CHAMPION).version == (2 if takes_over else 1)
    assert called == ("digits" if takes_over else "digits@2")
    assert len(heard.lines) == 1
    assert ("stays champion" in heard.lines[0]) != takes_over


def judged(**verdicts: str) -> Evaluation:
    gaps = {
        name: Comparison(
            reference="other",
            metrics={"accuracy": Difference.model_validate({"value": -0.1, "verdict": verdict})},
        )
        for name, verdict in verdicts.items()
    }
    score = Score(title="Accuracy", about="", higher_is_better=True, value=0.5)
    common = {"num_rows": 9, "seed": 0, "resamples": 0, "headline": "accuracy"}
    return Evaluation.model_validate(
        {"task": "classify", "metrics": {"accuracy": score}, **common, **gaps}
    )


def test_what_is_worse_than_its_baseline_is_no_champion(tmp_path: Path) -> None:
    assert worse_than(judged(comparison="unclear", over_constant="better")) is None
    against = worse_than(judged(comparison="worse", over_constant="better"))
    assert against == "its Accuracy is clearly worse than that of its baseline"
    assert "always the same answer" in (worse_than(judged(over_constant="worse")) or "")
    catalog, heard = Catalog(tmp_path), Heard()
    new = register(catalog, "1", 0.9, 0.88, 0.92)
    with listening(heard):
        called = promote(catalog, "digits", new, higher_is_better=True, against=against)
    assert called == "digits@1"
    assert not catalog.models("digits")[0].aliases
    assert "not as champion: its Accuracy" in heard.lines[0]


def test_a_worse_recipe_in_the_same_home_leaves_the_champion(tumours_project: Path) -> None:
    recipe, home, heard = tumours_project / "recipe.yaml", tumours_project / "home", Heard()
    plain = "model=linear"
    good = run(recipe, home=home, overrides=[plain])
    assert good.model == "tumours"
    with listening(heard):
        worse = run(recipe, home=home, overrides=[plain, "inputs={mean symmetry: number}"])
    assert worse.status == "done"
    assert worse.model == "tumours@2"
    assert Catalog(home).resolve("tumours", CHAMPION).version == 1
    assert any("version 1 stays champion: roc_auc" in line for line in heard.lines)
