"""`stoker check` and `stoker run` as processes: what is on stdout, exit codes, Ctrl-C."""

from __future__ import annotations

import codecs
import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sklearn.datasets import load_breast_cancer

from stoker.cli.verbs.run import describe
from stoker.pipeline.result import RunResult

RECIPE = """\
version: 1
name: patients
data:
  sources: [{csv: {path: 病人.csv}}]
  split: {test: 0.2, validation: 0.2, stratify: 诊断}
target: {诊断: classify}
model: logistic
train: {preset: fast, epochs: 3, threads: 1}
evaluate: {gates: {accuracy: ">= 0.7"}, resamples: 100}
compress: off
"""
STOKER = [sys.executable, "-c", "from stoker.cli import main; main()"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """569 real patients with ten measurements, names in Chinese."""
    value_NF, label_N = load_breast_cancer(return_X_y=True)
    with (tmp_path / "病人.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"测量{number}" for number in range(10)), "诊断"])
        for value_F, label in zip(value_NF, label_N, strict=True):
            writer.writerow([*(f"{value:g}" for value in value_F[:10]), ("恶性", "良性")[label]])
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("STOKER_")}
    return kept | {"PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}


def stoker(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*STOKER, *arguments],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_run_and_run_again(project: Path) -> None:
    planned = stoker(project, "check")
    assert planned.returncode == 0, planned.stderr
    assert "stoker run recipe.yaml" in planned.stdout
    assert not (project / ".stoker").exists(), "checking makes nothing"

    done = stoker(project, "run", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    keys = {"run", "status", "model", "bundle", "report", "metrics", "seconds", "summary"}
    assert set(result) == {*keys, "warnings"}
    assert result["status"] == "done"
    assert Path(result["report"]).is_file()
    assert result["metrics"]["accuracy"]["low"] <= result["metrics"]["accuracy"]["value"]

    again = stoker(project, "run", "--json")
    assert json.loads(again.stdout) == result | {
        "status": "unchanged",
        "seconds": dict.fromkeys(result["seconds"], 0.0),
    }
    shown = stoker(project, "run").stdout
    assert "\nROC AUC 0.9" in shown
    assert "than the baseline" not in shown, "the model is the baseline"
    assert "; always answering '良性' would get 0.5000." in shown
    assert result["metrics"]["roc_auc"]["constant"] == 0.5
    for name in ("precision", "recall", "f1", "pr_auc"):
        assert f"\n{name} of '恶性'" in shown
    assert "rejects" not in shown
    assert "next     stoker serve patients\n" in shown

    assert "everything is done already" in stoker(project, "check").stdout
    assert stoker(project, "report").stdout.strip() == result["report"]

    refused = stoker(project, "run", "--set", 'evaluate.gates={accuracy: ">= 1.01"}')
    assert refused.returncode == 3, refused.stderr
    assert "Traceback" not in refused.stderr
    assert stoker(project, "runs").stdout.count("patients") == 2


def test_the_summary_says_where_rejects_are_and_which_home(project: Path) -> None:
    with (project / "病人.csv").open("a", encoding="utf-8") as file:
        file.write("1,2\n" + ",".join(["1"] * 9) + ",viel,良性\n")
    inputs = ["--set", "inputs.测量9=number", "--set", "evaluate.gates={}"]
    done = stoker(project, "run", "--home", "my home", *inputs)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("rejects")]
    assert [line.partition(":")[0] for line in lines] == [
        "rejects  1 row left out (acquire)",
        "rejects  1 row left out (prepare)",
    ]
    assert all(Path(line.partition(": ")[2]).is_file() for line in lines)
    assert "next     stoker serve patients --home 'my home'" in done.stdout
    _its_rejects_open_in_a_spreadsheet(project, done.stdout)


def _its_rejects_open_in_a_spreadsheet(project: Path, said: str) -> None:
    (command,) = [line.strip() for line in said.splitlines() if "stoker rejects" in line]
    written = stoker(project, *shlex.split(command)[1:])
    assert written.returncode == 0, written.stderr
    assert written.stdout.startswith("2 records of what ")
    data = (project / "rejects.csv").read_bytes()
    assert data.startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    assert [row["step"] for row in rows] == ["csv", "prepare"]
    assert [row["source"] for row in rows] == ["病人.csv"] * 2
    assert rows[1]["column"] == "测量9"


def test_the_rejects_of_a_run_that_was_refused_for_them(project: Path) -> None:
    with (project / "病人.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{',' * 8}'=cmd()',良性,坏,{i}\n" for i in range(30))
    refused = stoker(project, "run")
    assert refused.returncode == 1
    assert "`stoker rejects` writes all of" in refused.stderr
    assert stoker(project, "rejects", "-o", "bad.jsonl").stdout.startswith("30 records of what ")
    assert len((project / "bad.jsonl").read_text("utf-8").splitlines()) == 30
    assert stoker(project, "rejects", "-o", "bad.txt").returncode == 1


def test_a_wrong_recipe_is_one_block_and_exit_code_2(project: Path) -> None:
    (project / "recipe.yaml").write_text(RECIPE.replace("epochs", "epoch"), encoding="utf-8")
    for verb in ("check", "run"):
        done = stoker(project, verb)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "recipe.yaml:8:" in done.stderr
        assert "did you mean 'epochs'?" in done.stderr
        assert not (project / ".stoker").exists()


def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(project: Path) -> None:
    command = [*STOKER, "run", "--set", "train.epochs=100000", "--set", "train.patience=100000"]
    with subprocess.Popen(
        command, cwd=project, env=environment(), stderr=subprocess.PIPE, text=True
    ) as running:
        deadline = time.monotonic() + 60
        while not list((project / ".stoker").glob("artifacts/*")):
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        assert running.stderr is not None
        said = running.stderr.read()
        assert running.wait(timeout=60) == 130, said
    assert "goes on from here: stoker run --set train.epochs=100000" in said
    assert "Traceback" not in said
    assert "cached" in stoker(project, "check").stdout


def test_the_next_line_says_how_the_file_is_read() -> None:
    read = {"sheet": "Visits 2024", "header_row": 3}
    result = RunResult(
        run="r-1", status="done", bundle=Path("b"), summary={"headline": "h", "read_options": read}
    )
    said = describe(result, "visits").splitlines()[-1].split(maxsplit=3)
    assert said[:2] == ["stoker", "predict"]
    assert said[3] == "INPUT -o answers.csv --set 'sheet=Visits 2024' --set header_row=3"
