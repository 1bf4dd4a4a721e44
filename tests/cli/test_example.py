"""`stoker init example`: real data, a recipe that is sound, and nothing written over."""

from __future__ import annotations

import csv
from pathlib import Path

from click.testing import CliRunner, Result
from PIL import Image

from stoker.cli.app import root
from stoker.core.errors import StokerError
from stoker.recipe.load import load_recipe


def init(*arguments: object) -> Result:
    return CliRunner().invoke(root, ["init", "example", *map(str, arguments)], prog_name="stoker")


def test_the_example_is_real_data_and_its_recipe(tmp_path: Path) -> None:
    folder = tmp_path / "try"
    done = init(folder)
    assert done.exit_code == 0, done.output
    assert "stoker run" in done.output
    assert {path.name for path in folder.iterdir()} == {"customers.csv", "customers.yaml", "photos"}
    recipe = load_recipe(folder / "customers.yaml")
    assert (recipe.name, recipe.target_column) == ("customers", "churned")
    with (folder / "customers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2357
    assert {row["churned"] for row in rows} == {"yes", "no"}
    assert any(not row["days_between_orders"] for row in rows)
    pictures = sorted((folder / "photos").rglob("*.png"))
    assert len(pictures) == 600
    assert {path.parent.name for path in pictures} == set("0123456789")
    with Image.open(folder / "photos/3/0003.png") as picture:
        assert (picture.size, picture.mode) == ((16, 16), "L")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for more in ([], ["-o", folder / "other.yaml"]):
        again = init(folder, *more)
        assert isinstance(again.exception, StokerError)
        assert "is there already" in str(again.exception)
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
