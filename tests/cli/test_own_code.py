"""Code of the user's own: every verb and worker uses it where the user names it, else none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from stoker.bundle.interface import Interface
from stoker.cli.verbs.run import describe
from stoker.core.errors import ArtifactError
from stoker.core.own_code import VARIABLE, own_modules, require_imported
from stoker.pipeline.result import RunResult
from stoker.plan.travelling import travelling_modules
from stoker.recipe.load import load_recipe
from stoker.tasks.classify import FittedClassify

AGES = """
from pathlib import Path
from stoker.features.number import FittedNumber, Number
Path(__file__).with_name("mark").touch()
class FittedAge(FittedNumber):
    "A number like any other."
class Age(Number):
    "It too."
"""
RECORDS = '''
import pyarrow as pa
from stoker.data.acquire import Source
class Records(Source):
    """Lines, each a cell."""
    endings = (".rec",)
    path: str
    name: str = "年龄"
    def files(self, project, cache): return [project / self.path]
    def read_options(self): return {"name": self.name}
    def read_rows(self, reading):
        lines = (reading.project / self.path).read_text().split()
        own = {"_source": [self.path] * len(lines), "_line": range(1, len(lines) + 1)}
        yield pa.table({self.name: lines, **own})
'''


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules on Python's path, of this process and of others."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "ages.py").write_text(AGES, encoding="utf-8")
    (folder / "records.py").write_text(RECORDS, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
    for name in ("ages", "records"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


@pytest.fixture
def bundle(modules: Path, tmp_path: Path) -> Path:
    """A bundle with a feature of the user's own, whose module no process has imported yet."""
    code = (
        "import sys, ages; from pathlib import Path\n"
        "from tests.cli.conftest import write_sign_bundle\n"
        "age = ages.FittedAge(mean=50, std=10, low=0, high=90, had_missing=False)\n"
        "write_sign_bundle(Path(sys.argv[1]), {'年龄': age}, 0)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "bundle")], check=True)
    (modules / "mark").unlink()
    (tmp_path / "in.csv").write_text("年龄\n20\n70\n", encoding="utf-8")
    (tmp_path / "in.rec").write_text("20 70", encoding="utf-8")
    return tmp_path / "bundle"


def stoker(*words: object, **variables: str) -> tuple[int, str]:
    """A verb in a process of its own; a server is ended when it serves."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from stoker.cli.app import main; main()", *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | variables,
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if line.startswith("serving"):
            process.send_signal(signal.SIGTERM)
    process.stderr.close()
    return process.wait(), said


@pytest.mark.parametrize("verb", ["predict", "serve"])
def test_a_verb_opens_a_bundle_of_own_steps_where_the_user_names_them(
    verb: str, bundle: Path, modules: Path, tmp_path: Path
) -> None:
    more: Sequence[object] = ("--port", "0", "--workers", "2")
    if verb == "predict":
        more = (tmp_path / "in.csv", "-o", tmp_path / "out.csv")
    code, said = stoker(verb, bundle, *more)
    assert code == ArtifactError.exit_code
    assert "stored step 'ages:FittedAge' is code outside stoker" in said
    assert "--import ages, or STOKER_IMPORT=ages" in said
    assert not (modules / "mark").exists(), "a bundle imports nothing"
    assert stoker(verb, bundle, *more, "--import", "ages")[0] == 0
    assert (modules / "mark").exists()
    assert stoker(verb, bundle, *more, **{VARIABLE: "ages records"})[0] == 0
    code, said = stoker(verb, bundle, *more, "--import", "agez")
    assert (code, said.splitlines()[0]) == (
        2,
        "RecipeError: no module 'agez' for --import agez",
    )


def test_own_code_that_needs_a_library_of_training_is_told_so(bundle: Path, modules: Path) -> None:
    (modules / "heavy.py").write_text("import lightgbm", encoding="utf-8")
    asked = ("serve", bundle, "--port", "0", "--import", "ages", "--import", "heavy")
    code, said = stoker(*asked)
    assert code == 2
    assert "your own code needs lightgbm, which a server does not load" in said


@pytest.mark.parametrize("name", ["records:Records", "csv"])
def test_a_table_is_read_by_the_source_that_the_user_names(
    name: str, bundle: Path, modules: Path, tmp_path: Path
) -> None:
    source = tmp_path / ("in.rec" if ":" in name else "in.dat")
    if not source.exists():
        source.write_bytes((tmp_path / "in.csv").read_bytes())
    own = ("--import", "ages", "-o", tmp_path / "out.csv")
    assert "--source" in stoker("predict", bundle, source, *own)[1]
    code, said = stoker("predict", bundle, source, *own, "--source", name)
    assert (code, "2 rows answered" in said) == (0, True), said
    assert stoker("data", "show", source, "--source", name)[0] == 0
    code, said = stoker("data", "show", source, "--source", "package")
    assert (code, "has no field path" in said) == (2, True), said


def test_everything_that_is_lacking_is_said_at_once() -> None:
    specs = [{"number": {}}, {"no_such_a:A": {}}, {"no_such_b:B": {}}]
    assert own_modules(specs) == ["no_such_a", "no_such_b"]
    with pytest.raises(ArtifactError, match="--import no_such_a --import no_such_b, or"):
        require_imported(specs)


def test_a_run_says_how_its_bundle_is_used() -> None:
    facts = {
        "headline": "h",
        "imports": ["ages"],
        "serve_imports": ["ages", "x"],
        "own_source": "records:Records",
    }
    result = RunResult(run="r-1", status="done", bundle=Path("b"), summary=facts)
    lines = describe(result, "ages").splitlines()
    assert "next     stoker serve ages --import ages --import x" in lines
    read = "--source records:Records --import ages"
    assert lines[-1].strip() == f"stoker predict ages INPUT -o answers.csv {read}"


def test_check_knows_which_modules_travel(modules: Path) -> None:
    keys = {
        "version": 1,
        "name": "a",
        "data": {"sources": [{"records:Records": {"path": "a.rec"}}]},
        "inputs": {"age": "ages:Age"},
        "target": {"y": "classify"},
    }
    assert travelling_modules(load_recipe(keys)) == ["ages"]


def test_an_interface_knows_its_modules() -> None:
    task = FittedClassify(classes=("a", "b"), counts=(1, 1), kind="text")
    assert Interface({}, (), "y", task).own_modules == []
