"""Pictures of others are decoded in children that may die; the answers stay those of this process.

The deaths are real: signals, a cap on memory, timers of the kernel.
"""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stoker.cells.decoder import HERE, PictureForm
from stoker.cells.image_formats import MAX_PIXELS
from stoker.cells.pixels import PictureLook
from stoker.core.errors import MachineError
from stoker.data._decode_child import Child, ChildLimits
from stoker.data.acquire.images import Images
from stoker.data.child_decoder import ChildDecoder
from stoker.data.clean.unreadable_media import UnreadableMedia
from stoker.data.cleaning import clean_rows
from stoker.data.dataset import Dataset
from stoker.data.prepare.prepare import prepare
from stoker.data.read_sources import acquire
from stoker.engine.table_file import read_table, write_table
from stoker.features.image import Image as ImageFeature
from stoker.tasks.classify import Classify

SMALL = PictureForm(3, (8, 6), "fit")


def encoded(kind: str, seed: int = 0, size: tuple[int, int] = (20, 14), **options: object) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def large_palette_png() -> bytes:
    """24 Mpx in some 30 kB, which takes some 300 MB to decode to four channels."""
    stream = io.BytesIO()
    Image.new("P", (6_000, 4_000)).save(stream, "PNG")
    return stream.getvalue()


def endless_jpeg(scans: int = 5_000) -> bytes:
    """A small progressive JPEG whose last scan comes again and again; each costs a pass."""
    stream = io.BytesIO()
    Image.new("L", (4_000, 4_000)).save(stream, "JPEG", progressive=True)
    whole = stream.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + b"\xff\xd9"


KINDS = {
    "png": lambda seed: encoded("PNG", seed),
    "jpeg": lambda seed: encoded("JPEG", seed),
    "gif": lambda seed: encoded("GIF", seed),
    "webp": lambda seed: encoded("WEBP", seed),
    "cut": lambda seed: encoded("PNG", seed)[:60],
    "other": lambda _: b"<html>",
    "empty": lambda _: b"",
    "null": lambda _: None,
    "own": lambda seed: b"P5 3 2 255\n" + bytes(range(seed % 99, seed % 99 + 6)),
    "own, damaged": lambda _: b"P5 3 2 255\n",
}


@pytest.fixture(scope="module")
def decoders() -> Iterator[list[ChildDecoder]]:
    """Of 1, 2 and 3 children; eager to start them all."""
    many = [ChildDecoder(most_children=number) for number in (1, 2, 3)]
    for decoder in many:
        decoder._seen_blobs = 1 << 20
    yield many
    for decoder in many:
        decoder.close()


def pixels(decoder: ChildDecoder, cells: pa.Array, form: PictureForm = SMALL) -> tuple[bytes, list]:
    assert form.size is not None
    out = np.zeros((len(cells), form.channels, *form.size), np.uint8)
    bad = decoder.pixels(cells, form, out)
    return out.tobytes(), bad


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 9)), max_size=90))
def test_any_number_of_children_answers_as_this_process(
    decoders: list[ChildDecoder], blobs: list[tuple[str, int]]
) -> None:
    cells = pa.array([KINDS[kind](seed) for kind, seed in blobs], pa.large_binary())
    for form in (SMALL, PictureForm(1, (5, 5), "crop")):
        expected = pixels(HERE, cells, form)  # type: ignore[arg-type]  # has the same method
        for decoder in decoders:
            assert pixels(decoder, cells, form) == expected
    for decoder in decoders:
        assert decoder.looks(cells, MAX_PIXELS) == HERE.looks(cells, MAX_PIXELS)
        assert decoder.pixels(cells, PictureForm(4), None) == HERE.pixels(
            cells, PictureForm(4), None
        )


def test_children_see_the_bits_of_deep_pictures() -> None:
    deep = io.BytesIO()
    Image.fromarray(np.full((4, 4), 3_000, np.uint16)).save(deep, "PNG")
    cells = pa.array([encoded("PNG"), b"<html>", None, b"P5 1 1 255\nx", deep.getvalue()])
    cells = cells.cast(pa.large_binary())
    twelve = PictureForm(1, (4, 4), bits=12)
    here, there = (np.zeros((5, 1, 4, 4), np.uint8) for _ in range(2))
    with ChildDecoder() as decoder:
        assert decoder.bits(cells, MAX_PIXELS) == HERE.bits(cells, MAX_PIXELS) == 12
        assert decoder.looks(cells, MAX_PIXELS) == HERE.looks(cells, MAX_PIXELS)
        assert decoder.pixels(cells, twelve, there) == HERE.pixels(cells, twelve, here)
    np.testing.assert_array_equal(here, there)
    assert here[4].min() == round(3_000 * 255 / 4_095)


def test_a_column_of_raw_pixels_starts_no_child() -> None:
    cells = pa.array([b"P5 2 1 255\nab", None], pa.large_binary())
    with ChildDecoder() as decoder:
        assert decoder.pixels(cells, PictureForm(1, (1, 2)), np.zeros((2, 1, 1, 2), np.uint8)) == []
        assert decoder.looks(cells, MAX_PIXELS) == HERE.looks(cells, MAX_PIXELS)
        assert not decoder._children


def test_few_pictures_start_one_child() -> None:
    with ChildDecoder(most_children=3) as decoder:
        pixels(decoder, pa.array([encoded("PNG")] * 40))
        assert len(decoder._children) == 1


# --- deaths ----------------------------------------------------------------------------------


@contextmanager
def shooting(
    decoder: ChildDecoder, number: signal.Signals, most: int, *, at: int | None = None
) -> Iterator[list[int]]:
    """Send a signal to each child that is at work (on blob `at`), until `most` were hit."""
    hit: list[int] = []
    stop = threading.Event()

    def is_target(child: Child) -> bool:
        busy_with = next(iter(child.blobs.copy()), None) if child.ready else None
        return busy_with is not None and at in (None, busy_with)

    def shoot() -> None:
        while not stop.wait(0.05):
            for child in list(decoder._children):
                if len(hit) < most and child.process.pid not in hit and is_target(child):
                    hit.append(child.process.pid)
                    os.kill(child.process.pid, number)

    thread = threading.Thread(target=shoot)
    thread.start()
    try:
        yield hit
    finally:
        stop.set()
        thread.join()


SLOW = pa.array([encoded("PNG", seed, (900, 900), compress_level=0) for seed in range(40)])
"""Takes a child long enough to be hit while it works."""


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_child_that_is_shot_costs_no_row(number: signal.Signals) -> None:
    expected = pixels(HERE, SLOW)  # type: ignore[arg-type]  # has the same method
    with ChildDecoder(most_children=2) as decoder, shooting(decoder, number, 1) as hit:
        for _ in range(20):
            assert pixels(decoder, SLOW) == expected
            if hit:
                break
        assert hit
        assert hit[0] not in [child.process.pid for child in decoder._children]


def test_a_picture_that_crashes_the_decoder_twice_is_one_reject() -> None:
    good = encoded("PNG", 1)
    comment = b"\xff\xfe\xff\xff" + bytes(0xFFFD)
    bomb = endless_jpeg().replace(b"\xff\xd8", b"\xff\xd8" + 17 * comment, 1)  # a batch of its own
    cells = pa.array([good, bomb, good])
    with ChildDecoder(most_children=1) as decoder:
        with shooting(decoder, signal.SIGSEGV, 2, at=1) as hit:
            found, bad = pixels(decoder, cells)
        assert len(hit) == 2
    assert bad == [(1, "makes the decoder crash")]
    expected, _ = pixels(HERE, pa.array([good, None, good]))  # type: ignore[arg-type]
    assert found == expected


def test_a_picture_whose_child_is_killed_from_outside_again_and_again_stops_the_run() -> None:
    with ChildDecoder(most_children=1) as decoder, shooting(decoder, signal.SIGKILL, 9):
        with pytest.raises(MachineError, match="killed twice"):
            pixels(decoder, pa.array([endless_jpeg()]))
        assert not decoder._children


TIGHT = {
    "memory": (ChildLimits(memory_bytes=100 << 20), "needs more than 100 MiB of memory to decode"),
    "cpu": (ChildLimits(cpu_s=0.5), "takes more than 0.5 s of CPU time to decode"),
    "wall": (ChildLimits(wall_s=2), "takes more than 2 s to decode"),
}


@pytest.mark.parametrize("limit", TIGHT)
@pytest.mark.parametrize("children", [1, 3])
def test_a_bomb_is_one_reject_among_good_pictures(limit: str, children: int) -> None:
    limits, reason = TIGHT[limit]
    bomb = large_palette_png() if limit == "memory" else endless_jpeg()
    good = [encoded("PNG", seed) for seed in range(70)]
    blobs = [*good[:5], bomb, *good[5:], b"<html>"]
    cells = pa.array(blobs, pa.large_binary())
    with ChildDecoder(limits, children) as decoder:
        decoder._seen_blobs = 1 << 20
        bad = decoder.pixels(cells, PictureForm(4), None)
        assert [index for index, _ in bad] == [5, 71]
        assert bad[0][1] == reason
        found, bad_again = pixels(decoder, cells.filter(pa.array([b != bomb for b in blobs])))
    assert [index for index, _ in bad_again] == [70]
    expected, _ = pixels(HERE, pa.array([*good, None], pa.large_binary()))  # type: ignore[arg-type]
    assert found == expected


def test_memory_and_time_of_a_child_follow_the_pixels_that_it_may_decode() -> None:
    cells = pa.array([large_palette_png()])
    tight, form = ChildLimits(memory_bytes=100 << 20), PictureForm(4, max_pixels=100_000_000)
    with ChildDecoder(tight, 1) as decoder:
        ((_, reason),) = decoder.pixels(cells, form, None)
    assert reason == "needs more than 100 MiB of memory to decode"
    with ChildDecoder(tight, 1, max_pixels=100_000_000) as decoder:
        assert decoder.pixels(cells, form, None) == []


def test_children_refuse_a_pixel_too_many_as_this_process_does() -> None:
    kinds = [encoded(kind, 5) for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF")]
    cells = pa.array([*kinds, b"P5 3 4 255\n" + bytes(12), None])
    sizes = [seen for seen in HERE.looks(cells, MAX_PIXELS) if isinstance(seen, PictureLook)]
    with ChildDecoder(most_children=1) as decoder:
        for most in sorted({seen.width * seen.height - less for seen in sizes for less in (0, 1)}):
            form = PictureForm(3, (2, 2), max_pixels=most)
            found = pixels(decoder, cells, form)
            assert found == pixels(HERE, cells, form)  # type: ignore[arg-type]  # has the same method
            assert decoder.looks(cells, most) == HERE.looks(cells, most)
            assert decoder.bits(cells, most) == HERE.bits(cells, most)
            assert len(found[1]) == sum(seen.width * seen.height > most for seen in sizes)


@pytest.mark.parametrize("kind", ["P", "RGBA", "I;16", "CMYK"])
def test_the_largest_sound_pictures_fit_the_usual_memory(kind: str) -> None:
    stream = io.BytesIO()
    image = Image.new(kind, (5_000, 5_000))
    if kind == "P":
        image.info["transparency"] = 0
    image.save(stream, "JPEG" if kind == "CMYK" else "PNG", compress_level=1)
    with ChildDecoder(ChildLimits(cpu_s=300, wall_s=3_000)) as decoder:
        assert decoder.pixels(pa.array([stream.getvalue()]), PictureForm(3), None) == []


# --- the stages ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two classes of sound pictures, and a memory bomb with a Chinese name."""
    root = tmp_path_factory.mktemp("project")
    for index in range(90):
        folder = root / "pictures" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{index}.png").write_bytes(encoded(["PNG", "JPEG"][index // 2 % 2], index))
    (root / "pictures" / "a" / "炸弹.png").write_bytes(large_palette_png())
    folder = tmp_path_factory.mktemp("dataset")
    acquire([Images(path="pictures")], folder, project=root, cache=root)
    return Dataset.open(folder)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_both_stages_reject_a_bomb_by_name_and_give_equal_bytes_with_any_number_of_children(
    pictures: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = tmp_path / "parts.parquet"
    names = [["train", "validation", "test"][row % 3] for row in range(91)]
    write_table(pa.table({"_row": np.arange(91), "part": names}), parts)
    seen = []
    for children in (1, 2, 3):
        decoder = partial(ChildDecoder, ChildLimits(memory_bytes=60 << 20), children)
        monkeypatch.setattr("stoker.data.clean.unreadable_media.ChildDecoder", decoder)
        monkeypatch.setattr("stoker.data.prepare.prepare.ChildDecoder", decoder)
        monkeypatch.setattr("stoker.data.child_decoder._CHILD_BLOBS", 10)
        cleaned, prepared = tmp_path / f"clean{children}", tmp_path / f"prepared{children}"
        cleaned.mkdir()
        prepared.mkdir()
        clean_rows([UnreadableMedia()], pictures, cleaned)
        inputs = {"image": ImageFeature(size=9)}
        target = ("label", Classify())
        prepare(
            pictures, pictures.rows_path, parts, prepared,
            inputs=inputs, target=target, cleaners=[], seed=1,
        )  # fmt: skip
        for folder in (cleaned, prepared):
            (reject,) = read_table(folder / "rejects.parquet").to_pylist()
            assert reject["source"] == "pictures/a/炸弹.png"
            assert reject["reason"] == "needs more than 60 MiB of memory to decode"
        seen.append((digests(cleaned), digests(prepared)))
    assert seen[0] == seen[1] == seen[2]


# --- nothing stays behind --------------------------------------------------------------------


def is_there(pid: int) -> bool:
    """Whether a process lives; a zombie counts."""
    return Path(f"/proc/{pid}").exists()


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir() if path.exists())


def within(seconds: float, happens: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.05)
    return happens()


def test_closing_leaves_neither_process_nor_zombie_nor_descriptor() -> None:
    before = descriptors()
    decoder = ChildDecoder(most_children=3)
    decoder._seen_blobs = 1 << 20
    pixels(decoder, SLOW)
    pids = [child.process.pid for child in decoder._children]
    assert len(pids) == 3
    decoder.close()
    decoder.close()
    assert not any(map(is_there, pids))
    del decoder
    assert descriptors() == before


def test_an_error_in_the_middle_leaves_no_process_and_the_decoder_usable() -> None:
    with ChildDecoder(most_children=2) as decoder:
        with pytest.raises(IndexError):
            decoder.pixels(SLOW, SMALL, np.zeros((1, 3, 8, 6), np.uint8))
        assert not decoder._children
        assert pixels(decoder, SLOW[:2])[1] == []


PARENT = """
import sys
import pyarrow as pa
from stoker.data.child_decoder import ChildDecoder
from stoker.cells.decoder import PictureForm
blob = open(sys.argv[1], "rb").read()
with ChildDecoder(most_children=2) as decoder:
    decoder._seen_blobs = 1 << 20
    decoder.pixels(pa.array([blob[:50]] * 40), PictureForm(4), None)
    print(*(child.process.pid for child in decoder._children), flush=True)
    decoder.pixels(pa.array([blob] * 200), PictureForm(4), None)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_the_end_of_the_parent_is_the_end_of_its_children(
    tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "a.png").write_bytes(SLOW[0].as_py())
    words = [sys.executable, "-c", PARENT, str(tmp_path / "a.png")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    limited = ["/bin/sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *words]
    with subprocess.Popen(limited, start_new_session=True, **pipes) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        os.kill(parent.pid, number)
        parent.communicate()
    assert within(20, lambda: not any(map(is_there, pids)))
