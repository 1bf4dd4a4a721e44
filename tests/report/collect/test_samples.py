"""The samples of a report run as they stand, on the table that the model was trained on."""

from __future__ import annotations

import html
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas
import pytest
from click.testing import CliRunner

from stoker.bundle.predictor import load
from stoker.cli.app import root
from stoker.pipeline.result import RunResult
from stoker.pipeline.run import run
from stoker.serve.messages import Request
from stoker.serve.protocols.rest import read_rows
from stoker.serve.served_model import ServedModel
from tests.data.acquire.workbooks import write_workbook

ROWS = [
    {
        "id": f"k{number}",
        "年龄": 20 + number % 50,
        "job": ["厨师", "cook", "none", "007"][number % 4],
        "when": f"2026-01-{1 + number % 28:02}",
        "label": "yes" if number % 50 > 20 else "no",
    }
    for number in range(200)
]
RECIPE = """\
version: 1
name: people
data:
  sources: [SOURCE]
  split: {test: 0.2, validation: 0.2, stratify: label}
inputs: {年龄: number, job: category}
target: {label: classify}
model: logistic
train: {preset: fast, epochs: 2, threads: 1}
evaluate: {resamples: 100}
compress: off
"""
FORMS = {
    "csv": "{csv: {path: table.csv, delimiter: ';', encoding: gb18030}}",
    "titled": "{csv: {path: table.csv, header_row: 3}}",
    "headless": "{csv: {path: table.csv, header: false, names: [id, 年龄, job, when, label]}}",
    "jsonl": "{jsonl: {path: table.jsonl}}",
    "parquet": "{parquet: {path: table.parquet}}",
    "xlsx": "{xlsx: {path: table.xlsx, sheet: '2026', header_row: 2}}",
}


def write_table(form: str, folder: Path) -> Path:
    frame = pandas.DataFrame(ROWS)
    path = folder / f"table.{'csv' if form in ('headless', 'titled') else form}"
    if form == "jsonl":
        lines = [json.dumps(row, ensure_ascii=False) for row in ROWS]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    elif form == "parquet":
        frame.to_parquet(path)
    elif form == "xlsx":
        rows = [list(row.values()) for row in ROWS]
        sheet = [["Visits", *[None] * 4], list(ROWS[0]), *rows]
        write_workbook(path, {"notes": [["x"]], "2026": sheet})
    elif form == "titled":
        path.write_text("Visits\n\n" + frame.to_csv(index=False), encoding="utf-8")
    elif form == "headless":
        frame.to_csv(path, index=False, header=False)
    else:
        frame.to_csv(path, index=False, sep=";", encoding="gb18030")
    return path


def samples(result: RunResult) -> tuple[list[str], list[str], str]:
    """Commands for files, commands for requests, and Python code, as the page shows them."""
    assert result.report is not None
    page = result.report.read_text("utf-8")
    section = page.partition('id="use"')[2].partition("</section>")[0]
    predict, serve, python = (
        html.unescape(found)
        for found in re.findall(r"<pre><code>(.*?)</code></pre>", section, re.DOTALL)
    )
    return predict.splitlines(), serve.splitlines(), python


@pytest.mark.parametrize("form", FORMS)
def test_samples_run_on_the_table_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    table = write_table(form, tmp_path)
    (tmp_path / "recipe.yaml").write_text(RECIPE.replace("SOURCE", FORMS[form]), encoding="utf-8")
    result = run(tmp_path / "recipe.yaml")
    (predict,), (serve, request), python = samples(result)
    shutil.copy(table, tmp_path / f"rows{table.suffix}")

    arguments = shlex.split(predict)
    assert arguments[0] == "stoker"
    done = CliRunner().invoke(root, arguments[1:], prog_name="stoker")
    assert done.exit_code == 0, done.output
    answers = pandas.read_csv(tmp_path / "answers.csv")
    assert len(answers) == len(ROWS)
    assert "does not use the columns 'id', 'when'" in done.stderr

    assert serve == "stoker serve people"
    assert result.bundle is not None
    assert len(answered(request, result.bundle)) == 1

    code = f"{python}\nprint(list(answers.table['prediction'].to_pylist()))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == repr(answers["prediction"].tolist())


def answered(curl: str, bundle: Path) -> Any:
    """The rows that the server reads from the request of a `curl` command, answered."""
    arguments = shlex.split(curl)
    body = arguments[arguments.index("--data") + 1].encode()
    name, value = arguments[arguments.index("-H") + 1].lower().split(": ")
    predictor = load(bundle)
    model = ServedModel(predictor, "people", "1")
    headers = [(name.encode(), value.encode())]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
    return predictor.predict(read_rows(Request(scope, nothing), body, model, 10).rows)


async def nothing() -> dict[str, Any]:
    raise AssertionError("the body was given")
