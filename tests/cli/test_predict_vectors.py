"""Vectors as answers of files: a list a row, as JSON in a cell of CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from stoker.bundle.predictor import load
from stoker.cli.app import root
from stoker.search.encode import vectors_of
from tests.search.conftest import write_vectors

TEXTS = ["tea cup", "茶 tea", "lid " * 40]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_an_answer_is_a_list_a_row(tmp_path: Path, ending: str) -> None:
    bundle, out = write_vectors(tmp_path), tmp_path / f"answers.{ending}"
    (tmp_path / "rows.csv").write_text("text\n" + "".join(f"{text}\n" for text in TEXTS), "utf-8")
    done = CliRunner().invoke(
        root, ["predict", str(bundle), str(tmp_path / "rows.csv"), "-o", str(out)]
    )
    assert done.exit_code == 0, done.output
    lines = out.read_text("utf-8-sig").splitlines()
    if ending == "csv":
        told = [json.loads(row["prediction"]) for row in csv.DictReader(lines)]
    else:
        told = [json.loads(line)["prediction"] for line in lines]
    np.testing.assert_allclose(np.array(told), vectors_of(load(bundle), TEXTS), atol=1e-5)
