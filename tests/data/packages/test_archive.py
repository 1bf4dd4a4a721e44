from __future__ import annotations

import io
import os
import random
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from stoker.core.errors import DataError
from stoker.data.packages import archive as archive_module
from stoker.data.packages.archive import extract
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
    monkeypatch.setattr(archive_module, "MOST_MEMBERS", 3)
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


def test_the_cap_is_one_for_all_members(tmp_path: Path, out: Path) -> None:
    with zipfile.ZipFile(tmp_path / "many.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"p/{number}", bytes(30 << 20))
    with pytest.raises(DataError, match="unpacks to too much"):
        extract(tmp_path / "many.zip", out, everything)
    assert sum(map(len, written(out).values())) <= 64 << 20


def archives() -> dict[str, bytes]:
    """A small archive of each kind."""
    found = {}
    for name, packing in {"stored": 0, "deflated": 8, "bzip2": 12, "lzma": 14}.items():
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", packing) as archive:
            archive.writestr("p/a.csv", "x\n1\n" * 20)
            archive.writestr("名.csv", "x\n1\n" * 20)
        found[name] = packed.getvalue()
    for mode in ("w", "w:gz", "w:bz2", "w:xz"):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode=mode) as archive:  # type: ignore[call-overload]
            for name in ("p/a.csv", "名" * 60 + ".csv"):
                member = tarfile.TarInfo(name)
                member.size = 40
                archive.addfile(member, io.BytesIO(b"x\n1\n" * 10))
        found[mode] = packed.getvalue()
    return found


@pytest.mark.parametrize("kind", archives())
def test_whatever_bytes_are_changed_it_ends_in_one_error_of_ours(tmp_path: Path, kind: str) -> None:
    whole, chance = archives()[kind], random.Random(0)
    for number in range(40):
        odd = bytearray(whole)
        for _ in range(chance.choice([1, 1, 2, 4])):
            odd[chance.randrange(min(len(odd), 1500))] = chance.randrange(256)
        (tmp_path / "x").write_bytes(odd)
        (tmp_path / str(number)).mkdir()
        with suppress(DataError):
            extract(tmp_path / "x", tmp_path / str(number), everything)


@pytest.mark.parametrize("kind", ["method", "password", "seek", "name"])
def test_odd_archives_are_told_in_one_line(tmp_path: Path, out: Path, kind: str) -> None:
    whole = bytearray(archives()["deflated"])
    at = whole.index(b"PK\x01\x02")
    if kind == "method":  # number 99, in the directory and before the member
        whole[at + 10] = whole[8] = 99
    if kind == "password":
        whole[at + 8] |= 1
    if kind == "seek":  # the member begins before the file does
        whole[-6:-2] = (2**32 - 2).to_bytes(4, "little")
    if kind == "name":  # said to be UTF-8 and is not
        whole = bytearray(whole.replace("名".encode(), b"\xe5\xff\xff"))
    (tmp_path / "x").write_bytes(whole)
    with pytest.raises(DataError) as caught:
        extract(tmp_path / "x", out, everything)
    assert len(str(caught.value).splitlines()) <= 3
