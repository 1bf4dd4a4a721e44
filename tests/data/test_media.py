from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import ArtifactError, MachineError
from stoker.data.media import BLOBS, OFFSETS, Media, MediaWriter


def stored(folder: Path, blobs: list[bytes]) -> tuple[list[int], Media]:
    with MediaWriter(folder) as writer:
        numbers = [writer.add(blob) for blob in blobs]
    return numbers, Media(folder)


@given(st.lists(st.binary(max_size=5), max_size=20))
def test_equal_bytes_have_equal_numbers_and_come_back(
    tmp_path_factory: pytest.TempPathFactory, blobs: list[bytes]
) -> None:
    numbers, media = stored(tmp_path_factory.mktemp("law"), blobs)
    assert media.read(np.array(numbers, np.int64)).to_pylist() == blobs
    assert len(media) == len(set(blobs))
    assert [numbers[blobs.index(blob)] for blob in blobs] == numbers
    assert media.sizes.tolist() == [len(blob) for blob in dict.fromkeys(blobs)]


def test_missing_numbers_stay_missing(tmp_path: Path) -> None:
    _, media = stored(tmp_path, [b"a", b"b"])
    numbers = pa.chunked_array([pa.array([1, None]), pa.array([0])])
    assert media.read(numbers).to_pylist() == [b"b", None, b"a"]


def test_without_media_there_are_no_files_and_no_blobs(tmp_path: Path) -> None:
    _, media = stored(tmp_path, [])
    assert len(media) == 0
    assert not list(tmp_path.iterdir())
    assert media.read(pa.array([None], pa.int64())).to_pylist() == [None]


def test_a_number_of_no_blob_is_an_error(tmp_path: Path) -> None:
    _, media = stored(tmp_path, [b"a"])
    for number in (1, -1):
        with pytest.raises(ArtifactError, match="not there"):
            media.read(np.array([number]))


def test_files_that_do_not_fit_each_other_are_refused(tmp_path: Path) -> None:
    stored(tmp_path, [b"abc", b"defg"])
    sound = (tmp_path / OFFSETS).read_bytes()
    wrong = np.array([0, 5, 3, 7], "<i8").tobytes()
    for offsets in (b"", sound[:-8], sound + b"\0", wrong, bytes(24)):
        (tmp_path / OFFSETS).write_bytes(offsets)
        with pytest.raises(ArtifactError, match="do not fit"):
            Media(tmp_path)
    (tmp_path / OFFSETS).write_bytes(sound)
    (tmp_path / BLOBS).unlink()
    with pytest.raises(MachineError, match="cannot read"):
        Media(tmp_path)
