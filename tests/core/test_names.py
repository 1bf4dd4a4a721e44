"""A name is never a path, and a path never leaves its folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.core.errors import ArtifactError, RecipeError
from stoker.core.names import check_name, check_relative, inside, short


@pytest.mark.parametrize("name", ["a", "digits-v2", "A.b_c-9", "x" * 128, "_"])
def test_plain_names_pass(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".x", "-rf", "a/b", "a\\b", "a b", "é", "数字", "a\n", "a\0", "x" * 129, "%2e"],
)
def test_others_do_not(name):
    with pytest.raises(RecipeError, match=r"model .* cannot be used"):
        check_name(name, "model")


@pytest.mark.parametrize("path", ["a", "a/b.bin", "训练/年龄.bin", "a b/ü", "é" * 100])
def test_paths_inside_pass(path, tmp_path):
    assert check_relative(path) == path
    assert inside(tmp_path, path) == tmp_path.resolve() / path


@pytest.mark.parametrize(
    "path",
    [
        *["", "/", "/a", "..", "a/..", "a/../../b", "./a", "a//b", "a/", "a\\..\\b", "a\0", "a\nb"],
        *["\ud800", "a\x7f", "x" * 256, "/".join(["ab"] * 400)],
    ],
)
def test_paths_out_do_not(path, tmp_path):
    with pytest.raises(ArtifactError):
        inside(tmp_path, path)


def test_a_link_does_not_lead_out(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "in").symlink_to(root)
    (root / "out").symlink_to(tmp_path)
    assert inside(root, "in/a") == root.resolve() / "a"
    with pytest.raises(ArtifactError, match="leads out"):
        inside(root, "out/a")


@given(st.text(max_size=30))
def test_what_passes_stays_inside(path):
    from pathlib import Path

    root = Path("/nowhere/root")
    try:
        found = inside(root, path)
    except ArtifactError:
        return
    assert found.is_relative_to(root)
    assert found != root


@given(st.text(), st.integers(4, 100))
def test_short_is_one_line_of_the_asked_length(text, limit):
    assert len(short(text, limit)) <= limit
    assert "\n" not in short(text, limit)
