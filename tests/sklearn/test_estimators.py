"""The estimators keep scikit-learn's contract, and are bundles at heart."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import stoker
from stoker.core.errors import ArtifactError, DataError
from stoker.core.steps import step_name
from stoker.sklearn import Classifier, Regressor, StokerWarning

pytestmark = pytest.mark.filterwarnings("ignore::stoker.sklearn.StokerWarning")
"""Tables are small and made up here, so much is warned of; two tests look at the warnings."""


@pytest.mark.slow
@parametrize_with_checks(
    [
        Classifier(),
        Regressor(),
        Classifier(model="boosted_trees", preset="fast"),
        Classifier(model="logistic"),
        Regressor(model="logistic"),
    ]
)
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@parametrize_with_checks([Classifier(), Regressor()])
def test_scikit_learns_checks_that_train_nothing(estimator: Any, check: Any) -> None:
    if check.func.__name__ not in QUICK:
        pytest.skip("trains; test_scikit_learns_own_checks has it")
    check(estimator)


QUICK = {
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_complex_data",
    "check_estimators_empty_data_messages",
    "check_estimator_sparse_array",
    "check_estimators_unfitted",
    "check_classifiers_one_label",
    "check_classifiers_regression_target",
    "check_fit1d",
    "check_fit2d_1sample",
    "check_get_params_invariance",
    "check_set_params",
    "check_requires_y_none",
}


@pytest.fixture(scope="module")
def people() -> pandas.DataFrame:
    generator = np.random.default_rng(0)
    age_N = generator.integers(18, 90, 300)
    town_N = generator.choice(["东", "west", "north"], 300)
    frame = pandas.DataFrame({"age": age_N, "town": town_N, "note": generator.normal(size=300)})
    frame.loc[::17, "note"] = np.nan
    frame.loc[::19, "town"] = None
    frame["buys"] = np.where((frame["age"] > 50) ^ (frame["town"] == "east"), "yes", "no")
    return frame


def test_tables_with_texts_and_gaps_are_taken_as_they_are(people: pandas.DataFrame) -> None:
    rows, target = people.drop(columns="buys"), people["buys"]
    model = Classifier(model="boosted_trees", preset="fast").fit(rows, target)
    assert model.feature_names_in_.tolist() == ["age", "town", "note"]
    assert model.n_features_in_ == 3
    assert model.score(rows, target) > 0.95
    assert model.predictor_.interface.target == "buys"
    for other in (polars.from_pandas(rows), rows.set_index(np.arange(300) + 7)):
        np.testing.assert_array_equal(model.predict(other), model.predict(rows))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(rows[["town", "age", "note"]])
    probability_NK = model.predict_proba(rows)
    assert model.classes_.tolist() == ["no", "yes"]
    np.testing.assert_array_equal(
        model.classes_[probability_NK.argmax(axis=1)], model.predict(rows)
    )


@pytest.fixture(scope="module")
def orders() -> pandas.DataFrame:
    """What a German shop writes into its tables."""
    generator = np.random.default_rng(0)
    price_N = np.round(generator.lognormal(6, 0.6, 400), 2)
    german = [f"{price:,.2f} €".translate(str.maketrans(",.", ".,")) for price in price_N]
    day_N = pandas.Timestamp("2022-01-01") + pandas.to_timedelta(np.arange(400), unit="D")
    frame = pandas.DataFrame({"order_id": np.arange(10_000, 10_400), "price": german})
    frame["day"], frame["shop"] = day_N.strftime("%d.%m.%Y"), 1
    frame["cost"] = np.log(price_N) * 5 + generator.normal(0, 0.1, 400)
    return frame


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_a_table_are_judged_as_a_run_judges_them(
    orders: pandas.DataFrame, library: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Identifiers were inputs, and texts of numbers categories, without a word."""
    frame = orders.drop(columns="cost")
    rows = frame if library == "pandas" else polars.from_pandas(frame)
    model = Regressor(model="logistic", preset="fast").fit(rows, orders["cost"])
    inputs = model.predictor_.interface.inputs
    assert {name: step_name(feature) for name, feature in inputs.items()} == {
        "price": "number",
        "day": "timestamp",
    }
    told = [(str(one.message), one.filename) for one in recwarn]
    assert any("'order_id' is not used" in text for text, _ in told)
    assert any("'shop' is not used" in text for text, _ in told)
    assert {file for _, file in told} == {__file__}, "the caller's line, not stoker's own"
    assert len(model.predict(rows)) == 400


def test_a_recipe_overrules_the_judge(orders: pandas.DataFrame) -> None:
    price = {"number": {"thousands": ".", "decimal": ",", "unit": "€"}}
    recipe = {"inputs": {"order_id": "number", "price": price}}
    model = Regressor(model="logistic", preset="fast", recipe=recipe)
    inputs = model.fit(orders.drop(columns="cost"), orders["cost"]).predictor_.interface.inputs
    assert {name: step_name(feature) for name, feature in inputs.items()} == {
        "order_id": "number",
        "price": "number",
    }


def test_columns_of_an_array_are_all_inputs(orders: pandas.DataFrame) -> None:
    rows = np.column_stack([np.arange(400), np.ones(400), np.log(np.arange(1, 401))])
    inputs = Regressor(model="logistic").fit(rows, orders["cost"]).predictor_.interface.inputs
    assert {name: step_name(feature) for name, feature in inputs.items()} == {
        "x0": "number",
        "x1": "number",
        "x2": "number",
    }


def test_a_fitted_estimator_warns_of_what_it_never_saw(people: pandas.DataFrame) -> None:
    model = Classifier(model="logistic", preset="fast").fit(people[["age", "town"]], people["buys"])
    rows = people[["age", "town"]].assign(town="south")
    with pytest.warns(StokerWarning, match="no cell of column 'town' is what training saw"):
        model.predict(rows)


def test_days_and_truth_values_are_inputs_too(people: pandas.DataFrame) -> None:
    days = pandas.Timestamp("2024-01-01") + pandas.to_timedelta(people["age"], unit="D")
    rows = pandas.DataFrame({"day": days, "old": people["age"] > 50, "age": people["age"]})
    model = Classifier(preset="fast", model="logistic").fit(rows, people["buys"])
    inputs = model.predictor_.interface.inputs
    assert [step_name(feature) for feature in inputs.values()] == ["timestamp", "boolean", "number"]
    assert model.score(rows, people["buys"]) > 0.95


def test_labels_come_back_as_they_were_given(people: pandas.DataFrame) -> None:
    rows = people[["age"]].to_numpy()
    old = people["age"].to_numpy() > 50
    for target in (old, old.astype(int) * 3 - 1, old.astype(float), np.where(old, "NA", "?")):
        found = Classifier(model="logistic", preset="fast").fit(rows, target).predict(rows)
        assert found.dtype == np.unique(target).dtype
        assert np.mean(found == target) > 0.95


def test_a_pickle_answers_after_its_files_are_gone(
    people: pandas.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    rows = people[["age", "note"]]
    model = Regressor(model="logistic", preset="fast").fit(rows, people["age"] * 2.5)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps(model))
    rows.to_parquet(tmp_path / "rows.parquet")
    code = (
        "import pickle, pandas, sys; model = pickle.load(open(sys.argv[1], 'rb')); "
        "print(model.predict(pandas.read_parquet(sys.argv[2]))[:3].tolist())"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "rows.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(model.predict(rows)[:3].tolist())


def test_a_saved_model_is_a_bundle(people: pandas.DataFrame, tmp_path: Path) -> None:
    rows = people[["age", "town"]]
    model = Classifier(model="logistic", preset="fast").fit(rows, people["buys"])
    model.save(tmp_path / "models" / "buys")
    found = stoker.load(tmp_path / "models" / "buys").predict(rows).table["prediction"]
    assert found.to_pylist() == model.predict(rows).tolist()
    with pytest.raises(ArtifactError, match="is there already"):
        model.save(tmp_path / "models" / "buys")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["buys"]
    with pytest.raises(NotFittedError):
        Classifier().save(tmp_path / "none")


@pytest.mark.slow
def test_a_home_keeps_the_run_and_changes_no_answer(
    people: pandas.DataFrame, tmp_path: Path
) -> None:
    rows, target = people[["age", "town"]], people["buys"]
    model = Classifier(preset="fast", recipe={"name": "shop", "seed": 3}, home=tmp_path)
    model.fit(rows, target)
    assert model.result_.report is not None
    assert model.result_.report.is_file()
    assert model.result_.model == "shop"
    registered = stoker.load("shop", home=tmp_path)
    place = [list(registered.classes).index(str(label)) for label in model.classes_]
    np.testing.assert_array_equal(
        registered.predict_proba(rows)[:, place], model.predict_proba(rows)
    )
    alone = clone(model).set_params(home=None).fit(rows, target)
    np.testing.assert_array_equal(alone.predict_proba(rows), model.predict_proba(rows))
    assert not hasattr(alone, "result_")


def test_what_cannot_be_used_is_named(people: pandas.DataFrame) -> None:
    rows, target = people[["age", "note"]], people["buys"]
    with pytest.raises(ValueError, match="'note' of X contains infinity"):
        Classifier().fit(rows.assign(note=np.inf), target)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Classifier().fit(rows, target[:-1])
    with pytest.raises(ValueError, match="y contains no label in 1 of 300 rows"):
        Classifier().fit(rows[["age"]], [None, *target[1:]])
    with pytest.raises(ValueError, match="y contains no label in 300 of 300 rows"):
        Classifier().fit(rows[["age"]], np.full(300, np.nan, object))
    with pytest.raises(ValueError, match="y contains infinity"):
        Classifier().fit(rows[["age"]], np.full(300, np.inf))
    with pytest.raises(ValueError, match="y contains NaN"):
        Regressor().fit(rows, [*range(299), None])
    odd = rows.assign(note=rows["note"].astype(object).where(rows.index != 5, "x"))
    with pytest.raises(DataError, match=r"row 5, column note.*'x' is not a number"):
        Classifier(recipe={"inputs": {"note": "number"}}).fit(odd.astype({"note": str}), target)
    with pytest.raises(stoker.StokerError, match="boosted_tree"):
        Classifier(model="boosted_tree").fit(rows, target)
    with pytest.raises(ValueError, match="feature names"):
        Classifier(model="logistic", preset="fast").fit(rows, target).predict(people[["age"]])


@pytest.mark.slow
def test_estimators_stand_in_pipelines_searches_and_validations() -> None:
    rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
    assert cross_val_score(Classifier(), rows, target, cv=3).mean() > 0.93
    rows, target = load_diabetes(return_X_y=True, as_frame=True)
    encode = make_column_transformer((OneHotEncoder(), ["sex"]), remainder=StandardScaler())
    pipeline = make_pipeline(encode, Regressor())
    search = GridSearchCV(pipeline, {"regressor__model": ["logistic", "boosted_trees"]}, cv=3)
    search.fit(rows, target)
    assert search.best_params_ == {"regressor__model": "logistic"}
    assert search.best_score_ > 0.4
