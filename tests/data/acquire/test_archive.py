from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from stoker.core.errors import DataError
from stoker.data.acquire import _archive
from stoker.data.acquire._archive import extract
from tests.data.acquire.conftest import tar


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def everything(name: str) -> bool:
    return bool(name)


def written(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if not path.is_dir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_takes_out_only_what_is_wanted(tmp_path: Path, out: Path, mode: str) -> None:
    archive = tar(tmp_path / "a.tar", ("p/a.csv", b"a"), ("p/数据.csv", b"b"), mode=mode)
    names = extract(archive, out, lambda name: name.endswith("数据.csv"))
    assert names == ["p/a.csv", "p/数据.csv"]
    assert written(out) == {"p/数据.csv": b"b"}


def test_reads_zip_files_and_skips_their_links(tmp_path: Path, out: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/a.csv", b"a")
        link = zipfile.ZipInfo("p/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert extract(tmp_path / "a.whl", out, everything) == ["p/a.csv"]
    assert written(out) == {"p/a.csv": b"a"}


def test_links_hard_links_and_devices_are_never_made(tmp_path: Path, out: Path) -> None:
    archive = tar(tmp_path / "a.tgz", ("p/s", "/etc/passwd"), ("p/h", "hard"), ("p/a", b"a"))
    assert extract(archive, out, everything) == ["p/a"]
    assert written(out) == {"p/a": b"a"}


def test_a_member_behind_a_link_stays_inside(tmp_path: Path, out: Path) -> None:
    archive = tar(tmp_path / "a.tgz", ("p/d", str(tmp_path)), ("p/d/a", b"a"))
    extract(archive, out, everything)
    assert written(out) == {"p/d/a": b"a"}
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "name", ["../a", "p/../../a", "/etc/a", "p//a", "./a", "p\\..\\a", "..", "p/./a"]
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_refuses_paths_that_are_not_plain(tmp_path: Path, out: Path, name: str, kind: str) -> None:
    if kind == "tar":
        tar(tmp_path / "x", (name, b"evil"))
    else:
        with zipfile.ZipFile(tmp_path / "x", "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), b"evil")
    with pytest.raises(DataError, match="has a member called"):
        extract(tmp_path / "x", out, everything)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "x"]


def test_a_member_that_comes_twice_does_not_replace_the_first(tmp_path: Path, out: Path) -> None:
    archive = tar(tmp_path / "a.tgz", ("p/a", b"one"), ("p/a", b"two"))
    with pytest.raises(DataError, match="twice"):
        extract(archive, out, everything)


def bombs(folder: Path) -> dict[str, Path]:
    tar(folder / "tar", ("p/a", bytes(80 << 20)))
    with zipfile.ZipFile(folder / "zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/a", bytes(80 << 20))
    return {kind: folder / kind for kind in ("tar", "zip")}


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_refuses_a_bomb(tmp_path: Path, out: Path, kind: str) -> None:
    with pytest.raises(DataError, match="unpacks to too much"):
        extract(bombs(tmp_path)[kind], out, everything)


def test_a_bomb_in_front_of_what_is_wanted_is_found_too(tmp_path: Path, out: Path) -> None:
    archive = tar(tmp_path / "a.tgz", ("p/bomb", bytes(80 << 20)), ("p/a", b"a"))
    with pytest.raises(DataError, match="unpacks to too much"):
        extract(archive, out, lambda name: name == "p/a")


def test_refuses_too_many_members(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_archive, "MOST_MEMBERS", 3)
    archive = tar(tmp_path / "a.tgz", *((f"p/{i}", b"") for i in range(4)))
    with pytest.raises(DataError, match="more than 3 members"):
        extract(archive, out, everything)


def test_refuses_a_damaged_archive(tmp_path: Path, out: Path) -> None:
    whole = tar(tmp_path / "a.tgz", ("p/a", os.urandom(50_000))).read_bytes()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("p/a", os.urandom(50_000))
    rotten = bytearray(zipped.getvalue())
    rotten[20_000] ^= 1
    for content in (b"", b"no archive", whole[:-30_000], whole[:100], bytes(rotten)):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(DataError, match="cannot be unpacked"):
            extract(tmp_path / "x", out, everything)
        for path in out.rglob("a"):
            path.unlink()
