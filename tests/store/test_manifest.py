"""No byte of an artifact changes unnoticed."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stoker.core.errors import ArtifactError
from stoker.store.manifest import (
    NAME,
    check_listing,
    read_manifest,
    signature,
    verify_folder,
    write_manifest,
)

FILES = {"rows.parquet": b"PAR1" * 50, "train/年龄.bin": bytes(range(256)), "empty": b""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "artifact"
    for name, data in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    write_manifest(
        folder,
        kind="test",
        fingerprint="1" * 64,
        parents={"rows": "2" * 64},
        summary={"rows": 3, "名": "值", "share": 0.1},
    )
    return folder


def test_reads_back_what_was_written(folder):
    manifest = verify_folder(folder)
    assert manifest.summary == {"rows": 3, "名": "值", "share": 0.1}
    assert manifest.parents == {"rows": "2" * 64}
    assert {name: entry.size for name, entry in manifest.files.items()} == {
        name: len(data) for name, data in FILES.items()
    }
    assert manifest.size_bytes == sum(map(len, FILES.values()))


def test_equal_contents_have_equal_digests_whatever_made_them(folder):
    first = verify_folder(folder)
    again = write_manifest(folder, kind="other", fingerprint="3" * 64)
    assert again.content == first.content
    (folder / "empty").write_bytes(b"x")
    assert write_manifest(folder, kind="other", fingerprint="3" * 64).content != first.content


def test_can_be_copied_anywhere(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "拷贝")
    assert verify_folder(tmp_path / "拷贝") == verify_folder(folder)


def mutate(folder: Path, rng: random.Random) -> str:
    """Change one thing about a folder; the answer says what."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = rng.choice(files)
    data = bytearray(path.read_bytes())
    kind = rng.choice(["flip", "flip", "flip", "cut", "grow", "remove", "extra", "rename", "swap"])
    where = rng.randrange(len(data)) if data else 0
    if kind == "flip" and data:
        data[where] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
    elif kind == "cut" and data:
        path.write_bytes(data[:where])
    elif kind in ("grow", "flip", "cut"):
        path.write_bytes(bytes(data) + rng.choice([b"\0", b" ", b"\n", rng.randbytes(9)]))
    elif kind == "remove":
        path.unlink()
    elif kind == "rename":
        path.rename(path.with_name(path.name + "~"))
    elif kind == "swap":
        other = next(p for p in files if p.read_bytes() != bytes(data))
        path.write_bytes(other.read_bytes())
    else:
        (path.parent / f"extra{rng.randrange(9)}").write_bytes(rng.randbytes(rng.randrange(3)))
    return f"{kind} {path.name} at {where}"


@pytest.mark.parametrize("number", [200, pytest.param(1000, marks=pytest.mark.slow, id="all-1000")])
def test_no_mutation_goes_unnoticed(folder, tmp_path, number):
    rng = random.Random(number)
    for case in range(number):
        copy = tmp_path / f"case{case}"
        shutil.copytree(folder, copy)
        what = mutate(copy, rng)
        with pytest.raises(ArtifactError):
            pytest.fail(f"unnoticed: {what}: {verify_folder(copy)}")
        shutil.rmtree(copy)


def test_a_link_is_refused_even_if_its_target_is_right(folder, tmp_path):
    path = folder / "rows.parquet"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="is a link"):
        verify_folder(folder)
    path.unlink()
    os.link(tmp_path / "elsewhere", path)
    with pytest.raises(ArtifactError, match="is a link"):
        verify_folder(folder)


def test_a_linked_folder_inside_is_refused(folder, tmp_path):
    (folder / "train").rename(tmp_path / "train")
    (folder / "train").symlink_to(tmp_path / "train")
    with pytest.raises(ArtifactError, match="is a link"):
        verify_folder(folder)


@pytest.mark.parametrize("make", [os.mkfifo, lambda p: p.symlink_to(p.name), Path.mkdir])
def test_a_strange_manifest_neither_blocks_nor_passes(folder, make):
    (folder / NAME).unlink()
    make(folder / NAME)
    with pytest.raises(ArtifactError):
        read_manifest(folder)


def test_a_fifo_among_the_files_does_not_block(folder):
    (folder / "empty").unlink()
    os.mkfifo(folder / "empty")
    with pytest.raises(ArtifactError, match="not a plain file"):
        verify_folder(folder)


def test_an_empty_folder_is_removed_before_and_refused_after(folder):
    (folder / "nothing" / "deep").mkdir(parents=True)
    with pytest.raises(ArtifactError, match="empty folder"):
        verify_folder(folder)
    write_manifest(folder, kind="test", fingerprint="1" * 64)
    assert not (folder / "nothing").exists()
    verify_folder(folder)


def forge(folder: Path, **changes: object) -> None:
    """Write a manifest that an attacker would: changed, but sealed and canonical."""
    body = json.loads((folder / NAME).read_bytes()) | changes
    del body["seal"]
    from stoker.core.canonical import canonical_json, fingerprint

    (folder / NAME).write_bytes(canonical_json(body | {"seal": fingerprint(body)}) + b"\n")


@pytest.mark.parametrize(
    "path", ["../outside", "/etc/passwd", "a/../../b", "", ".", "a//b", "a\\b", "a\0b", "x" * 300]
)
def test_a_forged_path_leads_nowhere(folder, path):
    forge(folder, files={path: {"size": 0, "sha256": "0" * 64}})
    with pytest.raises(ArtifactError):
        verify_folder(folder)


def test_a_newer_format_says_upgrade(folder):
    forge(folder, format=2)
    with pytest.raises(ArtifactError, match=r"format 2(.|\n)*upgrade stoker"):
        read_manifest(folder)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a":1,"a":2}', b'{"a":NaN}']
)
def test_junk_is_damage(folder, text):
    (folder / NAME).write_bytes(text)
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        read_manifest(folder)


def test_a_huge_manifest_is_not_read(folder):
    with (folder / NAME).open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(ArtifactError, match="larger than"):
        read_manifest(folder)


def test_the_listing_is_checked_without_reading(folder):
    manifest = read_manifest(folder)
    (folder / "rows.parquet").write_bytes(b"x" * len(FILES["rows.parquet"]))
    check_listing(folder, manifest)
    (folder / "rows.parquet").write_bytes(b"x")
    with pytest.raises(ArtifactError, match="has 1 bytes"):
        check_listing(folder, manifest)


def test_the_signature_changes_with_any_file(folder):
    before = signature(folder)
    assert signature(folder) == before
    os.utime(folder / "empty", ns=(1, 1))
    assert signature(folder) != before


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20), st.none() | st.booleans() | st.integers() | st.text()
    )
)
def test_any_summary_survives(tmp_path_factory, summary):
    folder = tmp_path_factory.mktemp("summary")
    try:
        json.dumps(summary, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    write_manifest(folder, kind="k", fingerprint="0" * 64, summary=summary)
    assert read_manifest(folder).summary == summary
