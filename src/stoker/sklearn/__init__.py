"""Estimators for scikit-learn: `Classifier` and `Regressor`.

They work wherever scikit-learn takes an estimator: in pipelines, `cross_val_score`, grid searches
and ensembles.  `fit` trains what `stoker run` would train on the same rows, and `save` writes the
bundle that `stoker serve` and `stoker predict` take.

Columns of a table (pandas, Polars, Arrow) are judged as `stoker run` judges them: `1.234,56 €` is a
number, `31.12.2024` a day, and what only tells rows apart is no input.  Columns of an array are
numbers, or categories where there are texts, and all of them are inputs.  `recipe={"inputs": ...}`
overrules both.  What a run would warn of is a `StokerWarning` of Python, in `fit` and in `predict`.

An empty cell (NaN, None) is a missing value; infinities are refused.  No rows are kept for a test,
because whoever calls `fit` has kept them already; `validation` of the rows choose when training
stops.

A fitted estimator holds the bytes of its bundle and no path, so it can be pickled, copied and sent
to another process; a pickle is for those who trust each other, a bundle for everybody else.
Sample weights are not supported.

Cost: some 0.4 s a fit beside the training itself.

Source: https://scikit-learn.org/stable/developers/develop.html
"""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stoker.bundle.prediction import Prediction, probabilities_NK
from stoker.bundle.predictor import Predictor, load
from stoker.core.errors import ArtifactError, MissingExtraError
from stoker.pipeline.run import run
from stoker.pipeline.table_recipe import table_recipe
from stoker.sklearn._rows import cells_of, feature_of, has_texts, of_frame
from stoker.sklearn._warnings import StokerWarning as StokerWarning
from stoker.sklearn._warnings import python_warnings
from stoker.sklearn.fit_bundle import fit_bundle
from stoker.store.durable import make_folder, publish_folder

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import assert_all_finite, check_array, check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (
        check_consistent_length,
        check_is_fitted,
        validate_data,
    )
except ImportError:
    raise MissingExtraError("scikit-learn", extra="sklearn", needed_for="stoker.sklearn") from None

if TYPE_CHECKING:
    from stoker.pipeline.result import RunResult

_FEWEST_ROWS = 2
_LARGEST_SEED = 2**31 - 1


class _Estimator(BaseEstimator, ABC):
    """What both estimators share: rows to a table, a table to a bundle, a bundle to answers."""

    n_features_in_: int
    bundle_: dict[str, bytes]
    predictor_: Predictor
    result_: RunResult

    def __init__(
        self,
        *,
        model: str | Mapping[str, Any] | None = None,
        preset: Literal["fast", "good", "best"] = "good",
        validation: float = 0.15,
        recipe: Mapping[str, Any] | None = None,
        home: str | Path | None = None,
        random_state: Any = 0,
    ) -> None:
        """Keep the parameters; scikit-learn wants nothing checked before `fit`.

        Args:
            model: A model of a recipe, such as `"logistic"` or `{"boosted_trees": {"rate": 0.05}}`;
                absent: the preset picks one.
            preset: How much effort.
            validation: Share of the rows that choose when training stops.
            recipe: Other keys of a recipe, such as `{"train": {"budget": "1m"}}` or
                `{"inputs": {"age": "number"}}`.
            home: Folder that keeps the run with its report and registers the model; absent: what
                `fit` writes is removed.
            random_state: Seed; an equal whole number gives an equal model.
        """
        self.model = model
        self.preset = preset
        self.validation = validation
        self.recipe = recipe
        self.home = home
        self.random_state = random_state

    def save(self, folder: str | Path) -> None:
        """Write the bundle into a folder, for `stoker serve`, `stoker predict` and `stoker.load`.

        Args:
            folder: Appears whole or not at all.

        Raises:
            NotFittedError: If `fit` was not called.
            ArtifactError: If something is there already.
            MachineError: If the disk refuses.
        """
        check_is_fitted(self)
        whole = Path(folder).absolute()
        make_folder(whole.parent)
        with tempfile.TemporaryDirectory(prefix=".stoker-", dir=whole.parent) as scratch:
            _write_files(self.bundle_, Path(scratch, "bundle"))
            if not publish_folder(Path(scratch, "bundle"), whole):
                raise ArtifactError(f"{folder} is there already", fix="choose another folder")

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the loaded graph, which the bytes of the bundle bring back."""
        state: dict[str, Any] = super().__getstate__()  # pyrefly: ignore[bad-assignment]
        return {key: value for key, value in state.items() if key != "predictor_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Load the graph again."""
        super().__setstate__(state)
        if "bundle_" in state:
            self.predictor_ = _load(self.bundle_)

    def __sklearn_tags__(self) -> Any:
        """Missing cells are welcome.

        Texts and categories are too, but not said to be: their tags also promise that an object of
        any kind is taken for a text, and that numbers may be rounded.
        """
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _answers(self, X: Any) -> Prediction:
        """Answers to rows, a row alone the same as among others.

        The runtime multiplies one row by another kernel than several, which may round the last
        digit otherwise; so a single row is asked twice.
        """
        check_is_fitted(self)
        rows = self._rows(X, reset=False)
        with python_warnings():
            if rows.num_rows > 1:
                return self.predictor_.predict(rows)
            twice = self.predictor_.predict(pa.concat_tables([rows, rows]))
            return replace(twice, table=twice.table.slice(0, rows.num_rows))

    @abstractmethod
    def _task(self) -> str:
        """Name of the task in a recipe."""

    def _fit(self, rows: pa.Table, target: pa.Array, name: str, *, is_judged: bool) -> Self:
        """Train on a table and a target, and keep the bundle."""
        while name in rows.column_names:
            name += "_"
        table = rows.append_column(name, target)
        keys = self._keys(rows, name, is_judged)
        with tempfile.TemporaryDirectory(prefix="stoker-fit-") as scratch, python_warnings():
            if self.home is None:
                home = Path(scratch, "home")
                recipe = table_recipe(table, {name: self._task()}, keys, home)
                folder = fit_bundle(recipe, home, Path(scratch, "cache"))
            else:
                self.result_ = run(table, target={name: self._task()}, home=self.home, **keys)
                assert self.result_.bundle is not None, "a run that ends well has a bundle"
                folder = self.result_.bundle
            self.bundle_ = _read_bundle(folder)
        self.predictor_ = _load(self.bundle_)
        return self

    def _keys(self, rows: pa.Table, target: str, is_judged: bool) -> dict[str, Any]:
        """The keys of the recipe, those that were given in front."""
        share = max(self.validation, 1 / rows.num_rows)
        split: dict[str, Any] = {"test": 0, "validation": share}
        if self._task() == "classify":
            split["stratify"] = target
        keys: dict[str, Any] = {
            "seed": _seed(self.random_state),
            "data": {"clean": [], "split": split, "max_rejects": 0},
            "train": {"preset": self.preset, "threads": 1},
            "compress": "off",
        }
        if not is_judged:
            keys["inputs"] = {name: feature_of(rows[name].type) for name in rows.column_names}
        if self.model is not None:
            keys["model"] = self.model
        for key, value in (self.recipe or {}).items():
            both = isinstance(value, Mapping) and key in ("data", "train")
            keys[key] = {**keys[key], **value} if both else value
        return keys

    def _rows(self, X: Any, *, reset: bool) -> pa.Table:
        """The rows as an Arrow table."""
        if _is_table(X):
            table = of_frame(X, fewest=_FEWEST_ROWS if reset else 1)
            validate_data(self, X, reset=reset, skip_check_array=True)
            return table.rename_columns(self._names())
        given = np.asarray(X, dtype=object) if has_texts(X) else X
        array_NM = check_array(
            given,
            dtype=None if has_texts(X) else "numeric",
            ensure_all_finite=False if has_texts(X) else "allow-nan",
            ensure_min_samples=_FEWEST_ROWS if reset else 1,
            estimator=self,
            input_name="X",
        )
        validate_data(self, X, reset=reset, skip_check_array=True)
        return pa.table([cells_of(column) for column in array_NM.T], self._names())

    def _names(self) -> list[str]:
        """Names of the columns in the bundle: those of the table in `fit`, else x0, x1, ..."""
        unnamed = [f"x{number}" for number in range(self.n_features_in_)]
        return list(map(str, getattr(self, "feature_names_in_", unnamed)))


class Classifier(ClassifierMixin, _Estimator):
    """Predicts a label.

    Attributes:
        classes_: The labels, sorted.
        predictor_: The loaded bundle.
        result_: What the run came to, with report and scores, where a `home` was given.

    Example:
        `cross_val_score(Classifier(preset="fast"), frame, frame.pop("churned"))`
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows and their labels.

        Args:
            X: An array, or a pandas, Polars or Arrow table.
            y: One label a row: text, whole numbers or truth values.

        Raises:
            ValueError: If rows and labels do not fit together, one is missing, or all are equal.
            StokerError: If a row cannot be used.
        """
        rows = self._rows(X, reset=True)
        name = str(getattr(y, "name", None) or "target")
        label_N = _labels(y)
        check_consistent_length(label_N, np.empty(rows.num_rows))
        check_classification_targets(label_N)
        self.classes_, code_N = np.unique(label_N, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"there is only one class, {self.classes_[0]!r}, in y")
        label = pa.array(_as_texts(self.classes_)).take(pa.array(code_N))
        return self._fit(rows, label, name, is_judged=_is_table(X))

    def predict(self, X: Any) -> np.ndarray:
        """The label of each row.

        Raises:
            NotFittedError: If `fit` was not called.
            ValueError: If the columns are not those of `fit`.
        """
        answers = self._answers(X).table["prediction"]
        code_N = pc.index_in(answers, value_set=pa.array(_as_texts(self.classes_)))
        return self.classes_[code_N.to_numpy()]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, shape (N, K), in the order of `classes_`.

        Raises:
            NotFittedError: If `fit` was not called.
            ValueError: If the columns are not those of `fit`.
        """
        found_NK = probabilities_NK(self._answers(X).table)
        probability_NK = np.zeros((len(found_NK), len(self.classes_)))
        texts = _as_texts(self.classes_)
        probability_NK[:, [texts.index(label) for label in self.predictor_.classes]] = found_NK
        return probability_NK

    def _task(self) -> str:
        return "classify"


class Regressor(RegressorMixin, _Estimator):
    """Predicts a number.

    Attributes:
        predictor_: The loaded bundle.
        result_: What the run came to, with report and scores, where a `home` was given.

    Example:
        `GridSearchCV(Regressor(), {"model": ["logistic", "boosted_trees"]}).fit(frame, price)`
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows and their numbers.

        Args:
            X: An array, or a pandas, Polars or Arrow table.
            y: One finite number a row.

        Raises:
            ValueError: If rows and numbers do not fit together.
            StokerError: If a row cannot be used.
        """
        rows = self._rows(X, reset=True)
        name = str(getattr(y, "name", None) or "target")
        value_N = column_or_1d(
            check_array(_given(y), dtype=np.float64, ensure_2d=False, input_name="y"), warn=True
        )
        check_consistent_length(value_N, np.empty(rows.num_rows))
        return self._fit(rows, pa.array(value_N), name, is_judged=_is_table(X))

    def predict(self, X: Any) -> np.ndarray:
        """The number of each row.

        Raises:
            NotFittedError: If `fit` was not called.
            ValueError: If the columns are not those of `fit`.
        """
        return self._answers(X).table["prediction"].to_numpy()

    def _task(self) -> str:
        return "regress"


def _is_table(X: Any) -> bool:
    """Whether its columns are judged; an array has no columns of several kinds."""
    return hasattr(X, "__arrow_c_stream__")


def _given(y: Any) -> Any:
    if y is None:
        raise ValueError("fit requires y to be passed, but the target y is None")
    return y


def _labels(y: Any) -> np.ndarray:
    """One label a row, none of them missing."""
    label_N = column_or_1d(_given(y), warn=True)
    if label_N.dtype.kind == "f":
        assert_all_finite(label_N, input_name="y")
    if label_N.dtype.kind == "O":
        missing = sum(label is None or label != label for label in label_N.tolist())
        if missing:
            raise ValueError(
                f"y contains no label in {missing} of {len(label_N)} rows; leave them out"
            )
    return label_N


def _as_texts(labels: np.ndarray) -> list[str]:
    """Labels as the bundle knows them: `1`, `1.5`, `True`, `cat`."""
    return [str(label) for label in labels.tolist()]


def _seed(random_state: Any) -> int:
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(_LARGEST_SEED))


def _read_bundle(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _write_files(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _load(files: Mapping[str, bytes]) -> Predictor:
    """The predictor of a bundle in memory; its files are read whole, so they need not stay."""
    with tempfile.TemporaryDirectory(prefix="stoker-load-") as scratch:
        _write_files(files, Path(scratch))
        return load(Path(scratch))
