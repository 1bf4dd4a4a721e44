"""Pictures: every mode by its rule, every bad file by its reason, the fast path by the slow one."""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from pydantic import ValidationError

from stoker.cells.image_formats import BadImageError, open_image
from stoker.cells.pixels import bits_used, decode, look
from stoker.cells.plain_png import plain_png
from stoker.core import events
from stoker.core.errors import DataError
from stoker.core.steps import load_stored, step_spec
from stoker.features import FittedFeature
from stoker.features.image import FittedImage, Image, unreadable

Encode = Callable[..., bytes]
Blobs = Callable[..., pa.ChunkedArray]


def save(picture: Pillow.Image, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


class Told:
    """Keeps the lines that a user would see."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def task(self, title: str, total: float | None, unit: str, done: float) -> events.TaskView:
        raise AssertionError(title)

    def message(self, text: str) -> None:
        self.lines.append(text)

    def warning(self, text: str) -> None:
        self.lines.append(text)


# --- modes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("RGB", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("1", "PNG"),
        ("I;16", "PNG"), ("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "WEBP"),
        ("RGBA", "WEBP"), ("P", "GIF"), ("RGB", "BMP"), ("1", "BMP"), ("L", "BMP"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_mode_decodes_to_every_number_of_channels(
    encode: Encode, mode: str, form: str, channels: int
) -> None:
    pixels = decode(encode(mode, form), channels)
    assert pixels.shape == (channels, 16, 24)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous


def test_transparency_is_laid_on_white() -> None:
    half_red = Pillow.new("RGBA", (2, 2), (255, 0, 0, 128))
    assert decode(save(half_red), 3)[:, 0, 0].tolist() == [255, 127, 127]
    assert decode(save(half_red), 4)[:, 0, 0].tolist() == [255, 0, 0, 128]
    nothing = Pillow.new("LA", (2, 2), (0, 0))
    assert decode(save(nothing), 1)[:, 0, 0].tolist() == [255]


def test_a_transparent_palette_entry_is_laid_on_white() -> None:
    picture = Pillow.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    data = save(picture, transparency=0)
    assert decode(data, 3)[:, 0].T.tolist() == [[255, 255, 255], [40, 50, 60]]
    assert decode(data, 4)[3, 0].tolist() == [0, 255]
    assert decode(save(picture), 4)[3, 0].tolist() == [255, 255]


def test_a_transparent_colour_is_laid_on_white() -> None:
    grey = Pillow.fromarray(np.array([[7, 9]], np.uint8))
    assert decode(save(grey, transparency=7), 1)[0, 0].tolist() == [255, 9]


def test_sixteen_bits_become_eight_by_rounding() -> None:
    levels = np.array([[0, 128, 129, 257, 32_768, 65_534, 65_535]], np.uint16)
    data = save(Pillow.fromarray(levels))
    expected = np.round(levels / 257).astype(np.uint8)
    np.testing.assert_array_equal(decode(data, 1)[0], expected)
    assert not look(data).animated
    assert look(data).grey


@pytest.mark.parametrize("bits", range(8, 17))
def test_fewer_bits_use_the_whole_range_and_what_is_brighter_is_white(bits: int) -> None:
    levels = np.arange(65_536, dtype=np.uint16).reshape(256, 256)
    seen = decode(save(Pillow.fromarray(levels)), 1, bits=bits)[0]
    top = 2**bits - 1
    expected = np.floor(levels.astype(np.float64).clip(max=top) * 255 / top + 0.5)
    np.testing.assert_array_equal(seen, expected)


def scan(brightest: int) -> bytes:
    """A 16-bit picture with levels from 0 to the brightest one."""
    return save(Pillow.fromarray(np.linspace(0, brightest, 96).astype(np.uint16).reshape(8, 12)))


@pytest.mark.parametrize(
    ("brightest", "bits"), [(40, 8), (255, 8), (256, 9), (3_900, 12), (4_096, 13), (65_535, 16)]
)
def test_bits_are_learnt_from_the_training_part(brightest: int, bits: int, blobs: Blobs) -> None:
    told = Told()
    with events.listening(told):
        fitted = Image().fit(blobs(scan(20), None, b"<html>", scan(brightest)))
    assert fitted.bits == bits
    assert any(f"use {bits} bits" in line for line in told.lines) == (bits < 16)
    served = load_stored(step_spec(fitted), FittedFeature)
    again = served.transform(blobs(scan(brightest), scan(65_535))).values
    assert again[0].max() == round(brightest * 255 / (2**bits - 1))
    assert again[1].max() == 255, "brighter than any in training is white, never dark again"


def test_the_recipe_says_the_bits_and_eight_bit_pictures_do_not_care(
    encode: Encode, blobs: Blobs
) -> None:
    assert Image(bits=12).fit(blobs(scan(65_535))).bits == 12
    plain = blobs(encode("L"))
    fitted = Image().fit(plain)
    assert fitted.bits == 16
    twelve = fitted.model_copy(update={"bits": 12})
    np.testing.assert_array_equal(fitted.transform(plain).values, twelve.transform(plain).values)


def test_a_feature_of_before_reads_sixteen_bits(blobs: Blobs) -> None:
    spec = step_spec(Image().fit(blobs(scan(65_535))))
    del spec["image"]["bits"]
    assert load_stored(spec, FittedFeature).transform(blobs(scan(4_095))).values.max() == 16


def test_orientation_is_applied() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 0] = 255  # the white corner moves
    for orientation, (row, column) in {
        1: (0, 0), 2: (0, 2), 3: (1, 2), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (2, 1), 8: (2, 0),
    }.items():  # fmt: skip
        exif = Pillow.Exif()
        exif[0x0112] = orientation
        data = save(Pillow.fromarray(pixels), "PNG", exif=exif)
        turned = decode(data, 1)[0]
        assert turned.shape == ((3, 2) if orientation >= 5 else (2, 3))
        assert np.argwhere(turned == 255).tolist() == [[row, column]]
        seen = look(data)
        assert (seen.height, seen.width) == turned.shape


def test_cmyk_colours_survive() -> None:
    pixel = decode(save(Pillow.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), 3)[:, 4, 4]
    assert pixel[0] > 200
    assert pixel[1] < 60


def test_an_animation_is_its_first_frame() -> None:
    frames = [Pillow.new("L", (4, 4), level) for level in (10, 200, 90)]
    for form in ("GIF", "PNG", "WEBP"):
        data = save(frames[0], form, save_all=True, append_images=frames[1:])
        assert look(data).animated
        assert abs(int(decode(data, 1)[0, 0, 0]) - 10) <= 2


def test_a_broken_colour_profile_or_exif_block_does_not_matter(encode: Encode) -> None:
    clean = decode(encode("RGB", "JPEG"), 3)
    assert (decode(encode("RGB", "JPEG", icc_profile=b"nonsense"), 3) == clean).all()


def test_progressive_jpeg_decodes(encode: Encode) -> None:
    assert decode(encode("RGB", "JPEG", progressive=True), 3).shape == (3, 16, 24)


# --- bad files -------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def bomb_png(width: int, height: int, extra: bytes = b"") -> bytes:
    """A small file that claims, and has, very many pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    pixels = zlib.compress(bytes(1000), 9)
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


_small_gif = save(Pillow.new("L", (4, 4)), "GIF")
LARGE_GIF = _small_gif[:6] + b"\xff\xff\xff\xff" + _small_gif[10:]

BAD = {
    "empty": (b"", "is empty"),
    "text that begins as BMP does": (b"BMI,age\n23.5,41\n22.1,39\n30.0,50\n", "not a picture"),
    "html": (b"\n<!DOCTYPE html><html><body>404</body>", "an HTML page"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "an SVG drawing"),
    "xml": (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", "XML"),
    "text": (b"hello", "not a picture"),
    "tiff": (b"II*\0" + bytes(99), "a TIFF file; allowed are"),
    "big endian tiff": (b"MM\0*" + bytes(99), "magick mogrify -format png"),
    "psd": (b"8BPS" + bytes(99), "a Photoshop file"),
    "eps": (b"%!PS-Adobe-3.0", "a PostScript file"),
    "pdf": (b"%PDF-1.7", "a PDF document"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(99), "ISO media file (heic"),
    "avif": (b"\0\0\0\x18ftypavif" + bytes(99), "ISO media file (avif"),
    "zip": (b"PK\x03\x04" + bytes(99), "a ZIP archive"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a Git LFS pointer"),
    "wave": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(20), "not a picture"),
    "magic alone": (b"\x89PNG\r\n\x1a\n", "damaged"),
    "169 Mpx": (bomb_png(13_000, 13_000), "169,000,000 pixels; at most 25,000,000"),
    "26 Mpx": (bomb_png(5_200, 5_001), "raise image: {max_pixels: ...}"),
    "4 Gpx wide": (bomb_png(2**31 - 1, 2), "4,294,967,294 pixels"),
    "no pixels": (bomb_png(0, 5), "its header makes no sense"),
    "icon": (b"\0\0\x01\0" + bytes(30), "an icon file"),
    "text bomb": (
        bomb_png(8, 8, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000), 9))),
        "damaged",
    ),
    "large webp": (
        b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff\xff\x3f" * 2 + bytes(40),
        "17,592,186,044,416 pixels",
    ),
    "large gif": (LARGE_GIF, "4,294,836,225 pixels"),
    "pnm of strangers": (b"P5\n# comment\n2 2\n255\n1234", "not a picture"),
    "short pnm": (b"P5 2 2 255\n123", "has 3 pixels where 4 belong"),
    "huge pnm": (b"P5 99999 99999 255\n1", "9,999,800,001 pixels"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_reason(name: str) -> None:
    data, reason = BAD[name]
    with pytest.raises(BadImageError, match=re.escape(reason)):
        decode(data, 3)
    [(index, found, why)] = unreadable(pa.array([data], pa.large_binary()))
    assert index == 0
    assert reason in why
    assert "\n" not in found + why


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
@pytest.mark.parametrize("tenth", range(1, 10))
def test_a_file_cut_off_anywhere_is_refused(encode: Encode, form: str, tenth: int) -> None:
    data = encode("RGB", form, (64, 48))
    with pytest.raises(BadImageError, match=r"cut off|damaged"):
        decode(data[: len(data) * tenth // 10], 3)


def test_a_flipped_bit_in_a_png_is_found(encode: Encode) -> None:
    data = bytearray(encode("RGB", "PNG", (64, 48)))
    data[len(data) // 2] ^= 1
    with pytest.raises(BadImageError):
        decode(bytes(data), 3)


def test_odd_shapes_are_fine_within_the_cap() -> None:
    for size in ((1, 1), (1, 100_000), (100_000, 1)):
        data = save(Pillow.new("L", size))
        assert decode(data, 1, size=(8, 8)).shape == (1, 8, 8)


LARGE: dict[str, Callable[[Encode], bytes]] = {
    "plain png": lambda encode: encode("RGB", "PNG", (40, 30)),
    "palette png": lambda encode: encode("P", "PNG", (40, 30)),
    "deep png": lambda encode: encode("I;16", "PNG", (40, 30)),
    "jpeg": lambda encode: encode("RGB", "JPEG", (40, 30)),
    "webp": lambda encode: encode("RGB", "WEBP", (40, 30)),
    "bmp": lambda encode: encode("RGB", "BMP", (40, 30)),
    "gif": lambda encode: encode("P", "GIF", (40, 30)),
    "own raw pixels": lambda _: b"P5 40 30 255\n" + bytes(1_200),
}


@pytest.mark.parametrize("form", LARGE)
def test_a_picture_may_have_as_many_pixels_as_asked_and_not_one_more(
    form: str, encode: Encode
) -> None:
    data = LARGE[form](encode)
    assert decode(data, 3, max_pixels=1_200).shape == (3, 30, 40)
    assert look(data, 1_200).width == 40
    assert bits_used(data, 1_200) >= 8
    said = "is 40 x 30 = 1,200 pixels; at most 1,199 are decoded: make it smaller, or raise image: "
    acts = [partial(decode, channels=3), look, bits_used]
    for act in acts[:2] if form == "own raw pixels" else acts:  # their bits are known
        with pytest.raises(BadImageError, match=re.escape(said + "{max_pixels: ...}")):
            act(data, max_pixels=1_199)


def test_more_pixels_than_usual_are_decoded_where_the_recipe_asks_for_them() -> None:
    data = save(Pillow.new("1", (6_000, 5_000)))
    cells = pa.chunked_array([pa.array([data], pa.large_binary())])
    usual = FittedImage(height=3, width=3, channels=1, resize="stretch", mean=(0.5,), std=(0.5,))
    (bad,) = usual.transform(cells).bad
    assert "30,000,000 pixels; at most 25,000,000" in bad.reason
    fitted = Image(size=3, max_pixels=30_000_000).fit(cells)
    assert fitted.max_pixels == 30_000_000
    assert fitted.transform(cells).bad == ()
    assert "at most 30,000,000 pixels" in fitted.json_schema()["description"]


def test_no_picture_of_a_column_that_is_too_large_is_an_error_with_the_key(blobs: Blobs) -> None:
    with pytest.raises(DataError, match=r"at most 1,199 are decoded.*max_pixels"):
        Image(max_pixels=1_199).fit(blobs(save(Pillow.new("L", (40, 30)))))


def test_raw_pixels_of_the_fitted_size_are_no_way_around_the_limit() -> None:
    raw = pa.chunked_array([pa.array([b"P5 40 30 255\n" + bytes(1_200)] * 2, pa.large_binary())])
    fitted = FittedImage(
        height=30, width=40, channels=1, resize="stretch", mean=(0.5,), std=(0.5,), max_pixels=1_200
    )
    assert fitted.transform(raw).bad == ()
    assert len(fitted.model_copy(update={"max_pixels": 1_199}).transform(raw).bad) == 2


def test_a_feature_that_was_stored_without_a_limit_keeps_the_usual_one() -> None:
    form = {"height": 3, "width": 3, "channels": 1, "resize": "fit", "mean": [0.5], "std": [0.5]}
    assert FittedImage.model_validate_json(json.dumps(form)).max_pixels == 25_000_000
    for wrong in (0, 178_956_971):
        with pytest.raises(ValidationError):
            Image(max_pixels=wrong)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(st.data())
def test_any_damage_is_a_picture_or_a_reason(encode: Encode, data: st.DataObject) -> None:
    mode, form = data.draw(
        st.sampled_from(
            [("RGB", "PNG"), ("P", "GIF"), ("RGB", "JPEG"), ("RGB", "WEBP"), ("L", "BMP")]
        )
    )
    file = bytearray(encode(mode, form))
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(file[: data.draw(st.integers(0, len(file)))])
    if not unreadable(pa.array([damaged], pa.large_binary())):
        assert decode(damaged, 3, size=(8, 8)).shape == (3, 8, 8)


# --- the plainest PNG files ------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_plain_png_is_decoded_as_by_the_reader(encode: Encode, mode: str) -> None:
    data = encode(mode)
    plain = plain_png(data)
    assert plain is not None
    assert plain.mode == mode
    with open_image(data) as read:
        assert plain.tobytes() == read.tobytes()


def test_a_png_with_more_than_pixels_is_left_to_the_reader(encode: Encode) -> None:
    noted = save(Pillow.new("L", (3, 2)), transparency=7)
    interlaced = bytearray(encode("L"))
    interlaced[28] = 1
    for data in (encode("P"), encode("1"), encode("L", "GIF"), noted, bytes(interlaced), b""):
        assert plain_png(data) is None


@given(st.data())
def test_a_damaged_plain_png_is_judged_as_by_the_reader(
    encode: Encode, data: st.DataObject
) -> None:
    file = bytearray(encode(data.draw(st.sampled_from(["L", "RGB", "RGBA"]))))
    for _ in range(data.draw(st.integers(1, 3))):
        file[data.draw(st.integers(0, len(file) - 1))] ^= data.draw(st.integers(1, 255))
    plain = plain_png(bytes(file))
    if plain is not None:
        with open_image(bytes(file)) as read:
            assert plain.tobytes() == read.tobytes()


# --- size and channels -----------------------------------------------------------------------


def test_one_size_is_kept_and_grey_stays_grey(encode: Encode, blobs: Blobs) -> None:
    fitted = Image().fit(blobs(encode("L"), encode("1"), encode("I;16"), None))
    assert fitted.shape == (1, 16, 24)
    assert Image().fit(blobs(encode("L"), encode("P"))).channels == 3


def test_many_sizes_become_64_and_it_is_said(encode: Encode, blobs: Blobs) -> None:
    told = Told()
    with events.listening(told):
        fitted = Image().fit(blobs(encode(size=(10, 10)), encode(size=(30, 20)), encode()))
    assert fitted.shape == (3, 64, 64)
    assert "3 sizes" in told.lines[0]


def test_one_large_size_is_not_taken_over(blobs: Blobs) -> None:
    told, photo = Told(), save(Pillow.new("RGB", (400, 300)), "JPEG")
    with events.listening(told):
        assert Image().fit(blobs(photo, photo)).shape == (3, 64, 64)
    assert "pictures are 400 x 300; all become 64 x 64" in told.lines[0]


@pytest.mark.parametrize(
    ("size", "shape"),
    [((256, 256), (1, 256, 256)), ((257, 1), (1, 64, 64)), ((1, 257), (1, 64, 64))],
)
def test_a_side_of_256_is_taken_over_and_one_of_257_is_not(
    size: tuple[int, int], shape: tuple[int, int, int], blobs: Blobs
) -> None:
    assert Image().fit(blobs(save(Pillow.new("L", size)))).shape == shape


def test_animations_are_told(blobs: Blobs) -> None:
    told, frames = Told(), [Pillow.new("L", (4, 4), level) for level in (10, 200)]
    with events.listening(told):
        Image().fit(blobs(save(frames[0], "GIF", save_all=True, append_images=frames[1:])))
    assert "first frame" in told.lines[0]


@pytest.mark.parametrize("resize", ["stretch", "fit", "crop"])
def test_the_recipe_may_name_size_channels_and_resize(
    encode: Encode, blobs: Blobs, resize: str
) -> None:
    step = Image.model_validate({"size": (8, 12), "channels": 4, "resize": resize})
    fitted = step.fit(blobs(encode(), encode(size=(40, 9))))
    assert fitted.shape == (4, 8, 12)
    assert not fitted.transform(blobs(encode(), encode(size=(40, 9)))).bad
    assert Image(size=32).fit(blobs(encode())).shape == (3, 32, 32)


def test_fit_leaves_margins_and_crop_leaves_out() -> None:
    wide = save(Pillow.new("RGB", (40, 10), (0, 0, 0)))
    fitted = decode(wide, 3, size=(20, 20), resize="fit")
    assert (fitted[:, 0] == 255).all()
    assert (fitted[:, 10] == 0).all()
    assert (decode(wide, 3, size=(20, 20), resize="crop") == 0).all()
    assert decode(wide, 4, size=(20, 20), resize="fit")[3, 0].max() == 0


def test_a_large_jpeg_is_close_to_its_full_decoding() -> None:
    y, x = np.mgrid[0:512, 0:512]
    smooth = np.stack([x / 2, y / 2, (x + y) / 4], axis=2).astype(np.uint8)
    data = save(Pillow.fromarray(smooth), "JPEG", quality=95)
    small = decode(data, 3, size=(32, 32)).astype(int)
    full = Pillow.fromarray(smooth).resize((32, 32), Pillow.Resampling.BILINEAR)
    assert np.abs(small - np.asarray(full).transpose(2, 0, 1)).max() <= 4


def test_a_column_without_pictures_is_told_so(blobs: Blobs) -> None:
    with pytest.raises(DataError, match="none of 2 sampled"):
        Image().fit(blobs(b"x", b""))
    with pytest.raises(DataError, match="not pictures"):
        Image().fit(pa.chunked_array([["a.png"]]))


def test_mean_and_deviation_are_those_of_the_pixels(encode: Encode, blobs: Blobs) -> None:
    column = blobs(encode(), encode("P"), b"broken", encode("L"))
    fitted = Image().fit(column)
    good = fitted.transform(column).values[[0, 1, 3]] / 255
    np.testing.assert_allclose(fitted.mean, good.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(fitted.std, good.std(axis=(0, 2, 3)), rtol=1e-9)


# --- the fast path ---------------------------------------------------------------------------


@given(st.integers(1, 20), st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**31))
def test_pnm_columns_equal_their_pixels(
    pnm: Callable[[np.ndarray], bytes], rows: int, height: int, width: int, seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, height, width), dtype=np.uint8)
    for kind in (pa.large_binary(), pa.binary()):
        column = pa.chunked_array([pa.array([pnm(p) for p in pixels], kind)])
        fitted = Image().fit(column)
        assert fitted.shape == (1, height, width)
        np.testing.assert_array_equal(fitted.transform(column).values[:, 0], pixels)
        cut = column.slice(rows // 2)
        np.testing.assert_array_equal(fitted.transform(cut).values[:, 0], pixels[rows // 2 :])


def test_one_odd_blob_among_pnm_takes_the_slow_path(
    blobs: Blobs, pnm: Callable[[np.ndarray], bytes]
) -> None:
    square = np.arange(16, dtype=np.uint8).reshape(4, 4)
    fitted = Image().fit(blobs(pnm(square)))
    lying = b"P5 2 8 255\n" + bytes(range(16))
    done = fitted.transform(blobs(pnm(square), lying, pnm(square[:2]), None, pnm(square) + b"0"))
    np.testing.assert_array_equal(done.values[0, 0], square)
    assert done.values[1].any()
    assert [bad.index for bad in done.bad] == [3, 4]


def test_many_large_pictures_decode_in_threads_as_one_by_one(encode: Encode, blobs: Blobs) -> None:
    files = [encode("RGB", "PNG", (60 + i, 50)) for i in range(12)]
    column = blobs(*files, b"broken", *files)
    fitted = Image(size=32).fit(column)
    done = fitted.transform(column)
    assert [bad.index for bad in done.bad] == [12]
    for index, file in enumerate(files):
        np.testing.assert_array_equal(done.values[index], decode(file, 3, size=(32, 32)))
