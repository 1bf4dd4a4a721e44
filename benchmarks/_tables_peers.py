"""One peer on one table: fit on train.csv, answer test.csv, write the answers.

    PEERS_PYTHON benchmarks/_tables_peers.py TOOL FOLDER ANSWERS SECONDS

TOOL is `autogluon` (medium_quality), `lightgbm` (defaults, 100 rounds), `tuned` (LightGBM tuned by
Optuna for SECONDS), or `hist` (scikit-learn's HistGradientBoosting).  ANSWERS becomes a CSV file:
one column a class, or one with numbers.  Text columns are categories to the boosters, as their
pages say.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

warnings.filterwarnings("ignore")
_METRIC = {"binary": "roc_auc", "multiclass": "log_loss", "regress": "root_mean_squared_error"}
_OBJECTIVE = {"binary": "binary", "multiclass": "multiclass", "regress": "regression"}


def autogluon(train: pd.DataFrame, test: pd.DataFrame, about: dict[str, Any], seconds: int) -> Any:
    """AutoGluon-tabular as it comes."""
    from autogluon.tabular import TabularPredictor

    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor(
            about["target"], eval_metric=_METRIC[about["kind"]], path=folder, verbosity=0
        ).fit(train, time_limit=seconds, presets="medium_quality")
        if about["kind"] == "regress":
            return predictor.predict(test).to_frame("value")
        return predictor.predict_proba(test)


def lightgbm(train: pd.DataFrame, test: pd.DataFrame, about: dict[str, Any], _: int) -> Any:
    """LightGBM's own defaults."""
    return _boost(train, test, about, {}, 100)


def tuned(train: pd.DataFrame, test: pd.DataFrame, about: dict[str, Any], seconds: int) -> Any:
    """LightGBM, tuned by Optuna on a fifth of the training rows, then fitted to all of them."""
    import lightgbm as lgb
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    held_out = train.sample(frac=0.2, random_state=0)
    kept = train.drop(held_out.index)

    def loss(trial: optuna.Trial) -> float:
        settings = {
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 4, 256, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 2, 100, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1.0),
            "bagging_freq": 1,
            "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 30, log=True),
            "cat_smooth": trial.suggest_float("cat_smooth", 1, 100, log=True),
        }
        data, valid = _datasets(kept, held_out, about)
        booster = lgb.train(
            {**_base(train, about), **settings},
            data,
            2000,
            valid_sets=[valid],
            callbacks=[lgb.early_stopping(50, verbose=False)],
        )
        trial.set_user_attr("rounds", booster.best_iteration)
        return float(next(iter(booster.best_score["valid_0"].values())))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(loss, timeout=seconds * 0.9)
    best = study.best_trial
    return _boost(train, test, about, {**best.params, "bagging_freq": 1}, best.user_attrs["rounds"])


def hist(train: pd.DataFrame, test: pd.DataFrame, about: dict[str, Any], _: int) -> Any:
    """scikit-learn's HistGradientBoosting with categories from the columns' types."""
    from sklearn.ensemble import HistGradientBoostingClassifier as Classifier
    from sklearn.ensemble import HistGradientBoostingRegressor as Regressor

    x_train, x_test = _typed(train, test, about["target"], most=254)
    regress = about["kind"] == "regress"
    model = (Regressor if regress else Classifier)(
        random_state=0, categorical_features="from_dtype"
    ).fit(x_train, train[about["target"]])
    if regress:
        return pd.DataFrame({"value": model.predict(x_test)})
    return pd.DataFrame(model.predict_proba(x_test), columns=model.classes_)


def _typed(
    train: pd.DataFrame, test: pd.DataFrame, target: str, most: int | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Inputs with text as categories, those of the training rows; the rarest are left out."""
    x_train, x_test = train.drop(columns=target).copy(), test.drop(columns=target).copy()
    for name in x_train.columns:
        if not pd.api.types.is_numeric_dtype(x_train[name]):
            known = x_train[name].astype(str).value_counts().index[:most]
            for part in (x_train, x_test):
                part[name] = pd.Categorical(part[name].astype(str), categories=known)
    return x_train, x_test


def _codes(train: pd.DataFrame, about: dict[str, Any]) -> tuple[list[Any], dict[Any, int]]:
    classes = sorted(train[about["target"]].unique(), key=str)
    return classes, {name: code for code, name in enumerate(classes)}


def _base(train: pd.DataFrame, about: dict[str, Any]) -> dict[str, Any]:
    many = about["kind"] == "multiclass"
    classes = {"num_class": train[about["target"]].nunique()} if many else {}
    return {"objective": _OBJECTIVE[about["kind"]], "verbose": -1, "seed": 0, **classes}


def _datasets(train: pd.DataFrame, test: pd.DataFrame, about: dict[str, Any]) -> tuple[Any, Any]:
    import lightgbm as lgb

    x_train, x_test = _typed(train, test, about["target"])
    labels = [part[about["target"]] for part in (train, test)]
    if about["kind"] != "regress":
        _, code_of = _codes(train, about)
        labels = [part.map(code_of).fillna(0) for part in labels]
    data = lgb.Dataset(x_train, labels[0], free_raw_data=False)
    return data, lgb.Dataset(x_test, labels[1], reference=data, free_raw_data=False)


def _boost(
    train: pd.DataFrame,
    test: pd.DataFrame,
    about: dict[str, Any],
    settings: dict[str, Any],
    rounds: int,
) -> pd.DataFrame:
    import lightgbm as lgb

    data, asked = _datasets(train, test, about)
    answers = lgb.train({**_base(train, about), **settings}, data, rounds).predict(asked.data)
    if about["kind"] == "regress":
        return pd.DataFrame({"value": answers})
    classes, _ = _codes(train, about)
    if about["kind"] == "binary":
        return pd.DataFrame({classes[0]: 1 - answers, classes[1]: answers})
    return pd.DataFrame(answers, columns=classes)


TOOLS = {"autogluon": autogluon, "lightgbm": lightgbm, "tuned": tuned, "hist": hist}


def main() -> None:
    """Fit, answer, write."""
    tool, folder, answers, seconds = sys.argv[1:]
    about = json.loads((Path(folder) / "about.json").read_text())
    train, test = (pd.read_csv(Path(folder) / f"{part}.csv") for part in ("train", "test"))
    started = time.perf_counter()
    found = TOOLS[tool](train, test, about, int(seconds))
    found.to_csv(answers, index=False)
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
