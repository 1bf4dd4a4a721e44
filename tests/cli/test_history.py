"""Verbs that look at a home: runs, report, models, lineage, gc."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from stoker.cli.app import root
from stoker.core.errors import ArtifactError
from stoker.store.catalog import Catalog


def stoker(home: Path, *arguments: str) -> Result:
    """A verb in this process."""
    command = [arguments[0], *arguments[1:], "--home", str(home)]
    return CliRunner().invoke(root, command, prog_name="stoker")


def test_runs_lists_and_shows(home: Path) -> None:
    listed = stoker(home, "runs")
    assert listed.exit_code == 0, listed.exception
    run = listed.output.splitlines()[1].split()[0]
    assert "accuracy 0.9234 (95 % interval 0.91 to 0.936)" in listed.output
    shown = stoker(home, "runs", run[:-2])
    assert "--set seed=7" in shown.output
    assert "acquire" in shown.output
    assert json.loads(stoker(home, "runs", run, "--json").output)["status"] == "done"


def test_a_run_without_a_score_says_why(home: Path) -> None:
    catalog = Catalog(home)
    failed = catalog.start_run("digits", "version: 1", stoker="0.1.0")
    catalog.finish_run(failed, "failed", {"error": "no such file\n  expected: a file"})
    refused = catalog.start_run("digits", "version: 1", stoker="0.1.0")
    score = {"value": 0.9, "low": None, "high": None}
    result = {"status": "refused", "metrics": {"accuracy": score}, "report": "/r.html"}
    catalog.finish_run(refused, "failed", result)
    lines = {line.split()[0]: line for line in stoker(home, "runs").output.splitlines()}
    assert lines[failed].endswith("no such file")
    assert lines[refused].endswith("accuracy 0.9 - a gate was missed")
    shown = stoker(home, "runs", refused).output
    assert "failed: accuracy 0.9 - a gate was missed\nreport /r.html" in shown


def test_report_prints_the_path(home: Path) -> None:
    path = Path(stoker(home, "report").output.strip())
    assert path.read_text(encoding="utf-8") == "<p>报告</p>"
    path.unlink()
    assert "is gone" in str(stoker(home, "report").exception)


def test_a_home_that_was_moved_keeps_its_reports(home: Path) -> None:
    moved = home.rename(home.with_name("moved"))
    path = Path(stoker(moved, "report").output.strip())
    assert path.is_relative_to(moved)
    assert path.read_text(encoding="utf-8") == "<p>报告</p>"


def test_models_and_aliases(home: Path) -> None:
    assert stoker(home, "models", "alias", "digits", "champion", "1").exit_code == 0
    listed = json.loads(stoker(home, "models", "--json").output)
    assert [(model["name"], model["version"], model["aliases"]) for model in listed] == [
        ("digits", 1, ["champion"])
    ]
    assert "champion" in stoker(home, "models").output
    refused = stoker(home, "models", "alias", "digits", "champion", "2")
    assert isinstance(refused.exception, ArtifactError)


def test_lineage_is_a_tree(home: Path) -> None:
    for what in ([], ["digits"], ["digits@1"], ["bbbbbbbb"]):
        tree = stoker(home, "lineage", *what)
        assert tree.exit_code == 0, tree.exception
        assert tree.output.splitlines() == [
            f"bundle  {'b' * 12}",
            f"└─ dataset  {'a' * 12}  1,200 rows out",
        ]
    records = json.loads(stoker(home, "lineage", "--json").output)
    assert [record["kind"] for record in records] == ["bundle", "dataset"]


def test_gc_shows_first_and_keeps_what_is_needed(home: Path) -> None:
    shown = stoker(home, "gc")
    assert "would delete 1 artifacts" in shown.output
    assert (home / "artifacts" / ("c" * 64)).exists()
    assert "deleted 1 artifacts" in stoker(home, "gc", "--yes").output
    assert sorted(path.name[0] for path in (home / "artifacts").iterdir()) == ["a", "b"]
    assert "nothing to delete" in stoker(home, "gc", "--yes").output


def test_looking_creates_nothing(tmp_path: Path) -> None:
    for place in (tmp_path / "no-home", tmp_path):
        for verb in ("runs", "models", "gc", "doctor"):
            assert stoker(place, verb).exit_code == 0
        for verb in ("report", "lineage"):
            assert isinstance(stoker(place, verb).exception, ArtifactError)
        assert not list(tmp_path.iterdir())


def test_a_home_that_is_not_there_is_an_empty_one(tmp_path: Path) -> None:
    for verb in ("runs", "models"):
        assert json.loads(stoker(tmp_path / "no-home", verb, "--json").output) == []
        assert f"in {tmp_path / 'no-home'} yet" in stoker(tmp_path / "no-home", verb).output
    assert stoker(tmp_path / "no-home", "gc").output == "nothing to delete\n"


def test_looking_at_a_home_leaves_every_file_as_it_was(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    for verb in ("runs", "report", "models", "lineage", "gc", "doctor"):
        assert stoker(home, verb).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before
