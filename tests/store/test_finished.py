"""What is asked of the catalog's file directly is what the catalog says."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from stoker.store.catalog import Catalog
from stoker.store.finished import Finished, finished_run

Status = Literal["done", "failed", "interrupted"]
ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def finish(catalog: Catalog, bundle: str, status: Status = "done", name: str = "shop") -> str:
    run = catalog.start_run(name, "version: 1", stoker="0.1.0")
    catalog.finish_run(run, status, {"bundle": f"/elsewhere/artifacts/{bundle}"})
    return run


def test_the_latest_run_that_is_done_is_found(catalog: Catalog, tmp_path: Path) -> None:
    first = finish(catalog, ONE)
    catalog.add_model("shop", ONE, {}, run=first)
    latest = finish(catalog, ONE, name="other")
    finish(catalog, OTHER)
    finish(catalog, ONE, status="failed")
    known = finished_run(tmp_path, ONE)
    assert known == Finished(latest, catalog.run(latest).result)
    done = [one for one in catalog.runs(limit=9) if one.status == "done"]
    assert latest == next(one.id for one in done if one.result["bundle"].endswith(ONE))


def test_a_bundle_without_a_model_is_not_known(catalog: Catalog, tmp_path: Path) -> None:
    run = finish(catalog, ONE)
    assert finished_run(tmp_path, ONE) is None
    catalog.add_model("shop", ONE, {}, run=run)
    assert finished_run(tmp_path, ONE) is not None
    assert finished_run(tmp_path, OTHER) is None
    catalog.delete_model("shop", 1)
    assert finished_run(tmp_path, ONE) is None


def test_a_name_within_another_path_is_not_the_bundle(catalog: Catalog, tmp_path: Path) -> None:
    run = finish(catalog, f"{ONE}/inner")
    catalog.add_model("shop", ONE, {}, run=run)
    assert finished_run(tmp_path, ONE) is None


@pytest.mark.parametrize("content", [None, b"", b"no database at all, but some text" * 9])
def test_an_odd_file_counts_as_not_found(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "catalog.sqlite").write_bytes(content)
    assert finished_run(tmp_path, ONE) is None
    assert (tmp_path / "catalog.sqlite").exists() is (content is not None)
