"""A bundle that is not byte for byte what was written is refused, and nothing else happens."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as load_safetensors

from stoker.bundle._weights import check_weights, pack_weights
from stoker.bundle.interface import Interface
from stoker.bundle.predictor import load
from stoker.bundle.read import open_bundle
from stoker.bundle.write import BUNDLE_FILE, GRAPH_FILE, WEIGHTS_FILE, seal_bundle
from stoker.core.canonical import canonical_json
from stoker.core.errors import ArtifactError, RecipeError, StokerError

FILES = (BUNDLE_FILE, GRAPH_FILE, WEIGHTS_FILE, "manifest.json")


def flip(path: Path, random: Random) -> None:
    data = bytearray(path.read_bytes())
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    path.write_bytes(data)


def cut(path: Path, random: Random) -> None:
    path.write_bytes(path.read_bytes()[: random.randrange(path.stat().st_size)])


def append(path: Path, random: Random) -> None:
    path.write_bytes(path.read_bytes() + random.randbytes(random.randint(1, 9)))


def swap(path: Path, random: Random) -> None:
    """Exchange two different bytes: the size stays."""
    data = bytearray(path.read_bytes())
    a = random.randrange(len(data))
    b = next(i for i in range(len(data)) if data[i] != data[a])
    data[a], data[b] = data[b], data[a]
    path.write_bytes(data)


def zero(path: Path, random: Random) -> None:
    data = bytearray(path.read_bytes())
    begin = random.randrange(len(data))
    length = random.randint(1, 64)
    block = data[begin : begin + length]
    data[begin : begin + length] = bytes(len(block)) if any(block) else b"\xff" * len(block)
    path.write_bytes(data)


def remove(path: Path, random: Random) -> None:
    path.unlink()


def rename(path: Path, random: Random) -> None:
    path.rename(path.with_name(f"{path.name}.{random.randrange(99)}"))


def exchange(path: Path, random: Random) -> None:
    """Give two files each other's name."""
    other = path.with_name(random.choice([name for name in FILES if name != path.name]))
    path.rename(path.with_name("aside"))
    other.rename(path)
    path.with_name("aside").rename(other)


def stranger(path: Path, random: Random) -> None:
    path.with_name(f"extra-{random.randrange(99)}").write_bytes(b"x")


def symlink(path: Path, random: Random) -> None:
    outside = path.parent.parent / f"outside-{random.randrange(10**9)}"
    path.rename(outside)
    path.symlink_to(outside)


def hardlink(path: Path, random: Random) -> None:
    os.link(path, path.parent.parent / f"twin-{random.randrange(10**9)}")


def folder(path: Path, random: Random) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path, random: Random) -> None:
    path.unlink()
    os.mkfifo(path)


MUTATIONS: tuple[Callable[[Path, Random], None], ...] = (
    *(flip, flip, flip, swap, zero, cut, append, remove, rename, exchange),
    *(stranger, symlink, hardlink, folder, pipe),
)


def mutate_and_load(whole: Path, scratch: Path, times: int, seed: int) -> None:
    for number in range(times):
        random = Random(f"{seed}-{number}")
        damaged = scratch / str(number)
        shutil.copytree(whole, damaged)
        mutation, name = random.choice(MUTATIONS), random.choice(FILES)
        mutation(damaged / name, random)
        with pytest.raises(ArtifactError) as caught:
            load(damaged)
        message = str(caught.value)
        assert "\n" not in message.splitlines()[0], f"{mutation.__name__} of {name}: {message}"
        shutil.rmtree(damaged)


def test_no_mutation_goes_unnoticed(make_table, tmp_path: Path) -> None:
    mutate_and_load(make_table(), tmp_path, times=100, seed=0)


@pytest.mark.slow
def test_none_of_a_thousand_mutations_goes_unnoticed(
    make_table, make_picture, tmp_path: Path
) -> None:
    mutate_and_load(make_table(), tmp_path, times=500, seed=1)
    mutate_and_load(make_picture(), tmp_path, times=500, seed=2)


def reseal(bundle: Path, file: str, data: bytes) -> Path:
    """Replace a file and write a fresh manifest, as someone with bad intentions would."""
    (bundle / file).write_bytes(data)
    seal_bundle(bundle)
    return bundle


def edit(bundle: Path, **changes: object) -> Path:
    form = json.loads((bundle / BUNDLE_FILE).read_bytes())
    return reseal(bundle, BUNDLE_FILE, canonical_json({**form, **changes}))


def test_a_newer_format_asks_for_an_upgrade(make_table) -> None:
    with pytest.raises(ArtifactError, match=r"(?s)bundle format 3.*pip install --upgrade"):
        load(edit(make_table(), format=3))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 0},
        {"format": "1"},
        {"name": ""},
        {"name": None},
        {"surprise": 1},
        {"interface": {}},
        {"interface": []},
        {"model": 3},
    ],
)
def test_a_wrong_description_is_refused(make_table, changes: dict[str, object]) -> None:
    with pytest.raises(ArtifactError):
        load(edit(make_table(), **changes))


@pytest.mark.parametrize(
    "damage",
    [
        lambda form: form["inputs"].clear(),
        lambda form: form["inputs"].append(form["inputs"][0]),
        lambda form: form["inputs"][0].update(column=7),
        lambda form: form["inputs"][0].update(feature={"no_such": {}}),
        lambda form: form["inputs"][0].update(feature={"os:system": {}}),
        lambda form: form["inputs"][0].update(feature={"subprocess:Popen": {}}),
        lambda form: form["inputs"][0].update(feature={"number": {"mean": "x"}}),
        lambda form: form["inputs"][0].update(feature={}),
        lambda form: form.update(task={"classify": {"classes": ["a"]}}),
        lambda form: form.update(cleaners=[{"shell": {}}]),
        lambda form: form.update(cleaners=[{"antigravity:Cleaner": {}}]),
        lambda form: form.pop("target"),
    ],
    ids=count(),
)
def test_a_wrong_interface_is_refused(make_table, damage: Callable[[dict], object]) -> None:
    bundle = make_table()
    interface = json.loads((bundle / BUNDLE_FILE).read_bytes())["interface"]
    damage(interface)
    with pytest.raises(ArtifactError):
        load(edit(bundle, interface=interface))


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[1]", b"{}", b"\xff", b'{"format":1,"format":1}', b"[" * 100_000]
)
def test_a_description_that_is_no_object_is_refused(make_table, data: bytes) -> None:
    with pytest.raises(ArtifactError):
        load(reseal(make_table(), BUNDLE_FILE, data))


def test_a_graph_of_another_interface_is_refused(make_table, make_picture) -> None:
    foreign = (make_picture() / GRAPH_FILE).read_bytes()
    with pytest.raises(ArtifactError, match="does not belong to its interface"):
        load(reseal(make_table(), GRAPH_FILE, foreign))


def test_a_pickle_in_place_of_the_weights_is_refused(make_table) -> None:
    pickled = b"\x80\x04cos\nsystem\n(S'true'\ntR."
    with pytest.raises(ArtifactError, match=r"weights\.safetensors cannot be used"):
        load(reseal(make_table(), WEIGHTS_FILE, pickled))


def test_a_folder_that_is_no_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="there is no bundle at"):
        load(tmp_path / "nowhere")
    with pytest.raises(ArtifactError, match=r"has no manifest\.json"):
        load(tmp_path)


def test_a_file_that_changes_after_opening_is_noticed(make_table) -> None:
    bundle = open_bundle(make_table())
    flip(bundle.folder / WEIGHTS_FILE, Random(0))
    with pytest.raises(ArtifactError, match="changed while it was read"):
        bundle.read(WEIGHTS_FILE)


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
        b'{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}',
        b'{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}',
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        b'{"a":[]}',
        b"[]",
        b"{",
    ],
)
def test_a_header_that_lies_is_refused(header: bytes) -> None:
    with pytest.raises(ArtifactError):
        check_weights(len(header).to_bytes(8, "little") + header + bytes(8))


@pytest.mark.parametrize("length", [2**40, 2**63, 2**20 + 1, 9])
def test_a_header_that_claims_too_much_is_refused(length: int) -> None:
    with pytest.raises(ArtifactError, match="claims"):
        check_weights(length.to_bytes(8, "little") + bytes(8))


@given(st.dictionaries(st.text(max_size=5), st.lists(st.integers(0, 3), max_size=3), max_size=5))
def test_packed_weights_come_back(shapes: dict[str, list[int]]) -> None:
    arrays = {
        name: np.full(shape, i, [np.float32, np.int8, np.uint32][i % 3])
        for i, (name, shape) in enumerate(shapes.items())
        if name != "__metadata__"
    }
    data = pack_weights(arrays)
    assert data == pack_weights(dict(reversed(arrays.items())))
    for name, array in load_safetensors(data).items():
        np.testing.assert_array_equal(array, arrays[name])


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_weights_of_any_bytes_are_judged_without_a_crash(data: bytes) -> None:
    try:
        check_weights(data)
    except ArtifactError:
        return
    load_safetensors(data)


def test_equal_parts_give_equal_bytes(make_table) -> None:
    first, second = make_table("first"), make_table("second")
    assert {p.name: p.read_bytes() for p in first.iterdir()} == {
        p.name: p.read_bytes() for p in second.iterdir()
    }
    assert load(first).info == load(second).info


def test_extra_files_are_kept_and_sealed(make_table) -> None:
    bundle = make_table(extra_files={"metrics.json": b"{}", "notes/卡.md": b"# card"})
    assert open_bundle(bundle).read("notes/卡.md") == b"# card"
    (bundle / "notes" / "卡.md").write_bytes(b"# CARD")
    with pytest.raises(ArtifactError, match="damaged"):
        load(bundle)


@pytest.mark.parametrize("parts", [{"name": "../up"}, {"extra_files": {"../x": b""}}])
def test_nothing_is_written_outside(make_table, tmp_path: Path, parts: dict[str, object]) -> None:
    with pytest.raises((RecipeError, ArtifactError)):
        make_table(**parts)
    assert not (tmp_path / "x").exists()


def test_the_interface_survives_json(with_cleaner: Interface) -> None:
    form = json.loads(canonical_json(with_cleaner.to_json()))
    again = Interface.from_json(form)
    assert again == with_cleaner
    assert list(again.inputs) == list(with_cleaner.inputs)


def test_every_refusal_is_a_stoker_error_of_one_block(make_table) -> None:
    bundle = make_table()
    (bundle / GRAPH_FILE).unlink()
    with pytest.raises(StokerError) as caught:
        load(bundle)
    assert str(bundle / GRAPH_FILE) in str(caught.value)
