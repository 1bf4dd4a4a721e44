"""What makes a stored result stale: all code that a stage runs, and nothing that it does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stoker.core.steps import step_names
from stoker.dag import source_code
from stoker.dag.build import build_graph
from stoker.dag.source_code import closure, code_version, named_modules
from stoker.recipe.load import load_recipe
from tests.dag.parsed import ROOT, named


def modules_of_stoker() -> list[str]:
    files = [path.relative_to(ROOT.parent).with_suffix("") for path in ROOT.rglob("*.py")]
    names = {".".join(path.parts).removesuffix(".__init__") for path in files}
    return sorted(name for name in names if "migrations" not in name)


def test_patterns_find_what_the_parser_finds() -> None:
    for name in modules_of_stoker():
        assert named(name) <= named_modules(name), name


def test_the_code_of_a_stage_is_closed_under_imports(tumours_project: Path) -> None:
    recipe = load_recipe(tumours_project / "recipe.yaml")
    for node in build_graph(recipe, tumours_project / "cache"):
        code = set(closure(node.code))
        assert type(node.work).__module__ in code
        for name in code:
            if not name.startswith(("stoker.core", "stoker.store")):
                assert named(name) <= code, f"{node.stage} runs {name}"


def of(stage: str) -> set[str]:
    return set(closure(frozenset({f"stoker.stages.{stage}"})))


def test_a_stage_knows_the_code_that_it_runs() -> None:
    assert "stoker.data.text_cells" in of("acquire"), "how text is read"
    assert {"stoker.data.units", "stoker.data.content"} <= of("split")
    assert {"stoker.tasks.classify", "stoker.features.number"} <= of("compress") | of("prepare")
    assert "stoker.models.boosted_trees" in of("train"), "a preset names models in text"
    assert "stoker.data._decode_worker" in of("clean"), "a child process is named in text"


@pytest.mark.parametrize("stage", ["acquire", "clean", "split"])
def test_all_code_of_a_room_counts_for_its_stage(stage: str) -> None:
    room = f"stoker.data.{stage}"
    steps = {f"{room}.{name}" for name in step_names(room)}
    code = set(closure(frozenset({f"stoker.stages.{stage}", *steps})))
    there = {name for name in modules_of_stoker() if name.startswith(room)}
    assert not there - code, "called by a name that is no name of a module"


def test_a_stage_is_not_repeated_for_code_that_it_does_not_run() -> None:
    for stage in ("acquire", "clean", "split", "prepare", "evaluate", "bundle"):
        assert not {name for name in of(stage) if name.startswith("stoker.train")}, stage
    for stage in ("acquire", "clean", "split", "prepare", "train"):
        assert not {name for name in of(stage) if name.startswith("stoker.evaluate")}, stage
    for stage in ("acquire", "clean", "split", "prepare", "train", "compress", "evaluate"):
        assert not of(stage) & {"stoker.dag.build", "stoker.recipe.model"}, stage


def test_the_modules_beside_a_users_own_step_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_step.py").write_text("import numpy\nfrom own_help import value\n")
    (tmp_path / "own_help.py").write_text("value = 1\n")
    code = closure(frozenset({"own_step"}))
    assert {"own_step", "own_help"} <= set(code)
    assert "numpy" not in code
    before = code_version(["own_step"])
    (tmp_path / "own_help.py").write_text("value = 2\n")
    source_code._hash.cache_clear()
    assert code_version(["own_step"]) != before
    assert not {"own_step", "own_help"} & set(sys.modules), "nothing was imported"


def test_a_step_in_a_folder_without_a_file_of_its_own_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_folder").mkdir()
    (tmp_path / "own_folder/step.py").write_text("from own_folder.help import value\n")
    (tmp_path / "own_folder/help.py").write_text("value = 1\n")
    code = closure(frozenset({"own_folder.step"}))
    assert {name for name in code if name.startswith("own_folder")} == {
        "own_folder.step",
        "own_folder.help",
    }
