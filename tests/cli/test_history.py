"""Verbs that look at a home: runs, report, models, lineage, gc."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stoker.cli.app import root
from stoker.core.errors import ArtifactError
from stoker.store.catalog import Catalog
from stoker.store.store import Store
from tests.cli.conftest import publish


def stoker(home: Path, *arguments: str) -> Result:
    """A verb in this process."""
    command = [arguments[0], *arguments[1:], "--home", str(home)]
    return CliRunner().invoke(root, command, prog_name="stoker")


@pytest.fixture
def two_versions(home: Path) -> Path:
    """The home after a second run, from the same rows, whose model is champion."""
    store, catalog = Store(home), Catalog(home)
    bundle = publish(store, "bundle", "d" * 64, {"dataset": "a" * 64}, {"chosen": "model"})
    run = catalog.start_run("digits", "version: 1\n", stoker="0.1.0")
    catalog.record_stage(run, "bundle", "d" * 64, "done", 1.5, manifest=bundle.manifest)
    catalog.finish_run(run, "done")
    catalog.set_alias("digits", "champion", catalog.add_model("digits", "d" * 64, {}, run=run))
    return home


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


def test_one_command_goes_back_to_an_earlier_version(two_versions: Path) -> None:
    back = stoker(two_versions, "models", "alias", "digits", "champion", "1")
    assert back.output == "digits@champion is version 1 (it was 2)\n"
    again = stoker(two_versions, "models", "alias", "digits", "champion", "2", "--json")
    expected = {"name": "digits", "alias": "champion", "version": 2, "before": 1}
    assert json.loads(again.output) == expected


def test_an_alias_can_be_forgotten(two_versions: Path) -> None:
    assert stoker(two_versions, "models", "unalias", "digits", "champion").exit_code == 0
    listed = json.loads(stoker(two_versions, "models", "--json").output)
    assert [model["aliases"] for model in listed] == [[], []]
    for alias in ("champion", "2"):
        refused = stoker(two_versions, "models", "unalias", "digits", alias)
        assert isinstance(refused.exception, ArtifactError)


def test_deleting_a_version_takes_what_only_it_kept(two_versions: Path) -> None:
    artifacts = two_versions / "artifacts"
    shown = stoker(two_versions, "models", "delete", "digits", "1")
    assert shown.exit_code == 0, shown.exception
    assert "would delete 1 artifact," in shown.output
    assert (artifacts / ("b" * 64)).exists(), "showing deletes nothing"
    assert len(json.loads(stoker(two_versions, "models", "--json").output)) == 2

    done = stoker(two_versions, "models", "delete", "digits", "1", "--yes", "--json")
    said = json.loads(done.output)
    assert (said["deleted"], said["version"]) == (True, 1)
    assert [one["fingerprint"][0] for one in said["artifacts"]] == ["b"]
    left = sorted(path.name[0] for path in artifacts.iterdir())
    assert left == ["a", "c", "d"], "what version 2 needs, and what was garbage before, stay"

    assert [m["version"] for m in json.loads(stoker(two_versions, "models", "--json").output)] == [
        2
    ]
    kept = json.loads(stoker(two_versions, "models", "--deleted", "--json").output)
    assert [(m["version"], m["deleted_at"] is None) for m in kept] == [(2, True), (1, False)]
    assert "deleted 20" in stoker(two_versions, "models", "--deleted").output
    for verb in (("lineage", "digits@1"), ("models", "delete", "digits", "1")):
        assert "was deleted on" in str(stoker(two_versions, *verb).exception)


def test_what_an_alias_points_to_is_not_deleted(two_versions: Path) -> None:
    for option in ([], ["--yes"]):
        refused = stoker(two_versions, "models", "delete", "digits", "2", *option)
        assert "version 2 of 'digits' is champion" in str(refused.exception)
        assert "stoker models alias digits champion VERSION" in str(refused.exception)
    assert stoker(two_versions, "models", "alias", "digits", "champion", "1").exit_code == 0
    assert stoker(two_versions, "models", "delete", "digits", "2", "--yes").exit_code == 0


def test_a_version_that_the_latest_run_needs_is_deleted_and_its_artifacts_stay(home: Path) -> None:
    done = stoker(home, "models", "delete", "digits", "1", "--yes")
    assert "no artifact goes" in done.output
    assert (home / "artifacts" / ("b" * 64)).exists()
    assert json.loads(stoker(home, "models", "--json").output) == []


def test_lineage_is_a_tree(home: Path) -> None:
    for what in ([], ["digits"], ["digits@1"], ["bbbbbbbb"]):
        tree = stoker(home, "lineage", *what)
        assert tree.exit_code == 0, tree.exception
        assert tree.output.splitlines() == [
            f"bundle  {'b' * 12}",
            f"└─ dataset  {'a' * 12}  1,200 rows out",
        ]
    failed = Catalog(home).start_run("digits", "version: 1", stoker="0.1.0")
    assert "has made nothing yet" in str(stoker(home, "lineage", failed).exception)
    records = json.loads(stoker(home, "lineage", "--json").output)
    assert [record["kind"] for record in records] == ["bundle", "dataset"]


def test_gc_shows_first_and_keeps_what_is_needed(home: Path) -> None:
    shown = stoker(home, "gc")
    assert "would delete 1 artifact," in shown.output
    assert (home / "artifacts" / ("c" * 64)).exists()
    assert "deleted 1 artifact," in stoker(home, "gc", "--yes").output
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
