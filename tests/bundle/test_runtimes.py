"""What every runtime promises; a new file is tested as soon as it exists."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from stoker.bundle.predictor import load
from stoker.bundle.runtimes import STAGE
from stoker.bundle.write import BUNDLE_FILE, GRAPH_FILE, seal_bundle
from stoker.core.errors import ArtifactError
from stoker.core.steps import step_names
from tests.bundle.test_golden import GOLDEN, raw

PICTURES = GOLDEN / "v1-pictures"


@pytest.fixture(params=step_names(STAGE))
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A bundle that names the runtime."""
    folder = tmp_path / "bundle"
    shutil.copytree(PICTURES / "bundle", folder)
    form = json.loads((folder / BUNDLE_FILE).read_bytes())
    form["runtime"] = {request.param: {}}
    (folder / BUNDLE_FILE).write_text(json.dumps(form), encoding="utf-8")
    seal_bundle(folder)
    return folder


def test_the_model_answers_as_in_training(bundle: Path) -> None:
    case = json.loads((PICTURES / "case.json").read_text(encoding="utf-8"))
    rows = [{name: raw(cell) for name, cell in row.items()} for row in case["rows"]]
    found_NK = load(bundle).outputs(rows)
    np.testing.assert_allclose(found_NK, case["outputs"], rtol=1e-3, atol=1e-4)


def test_what_a_bundle_must_not_hold_is_refused(bundle: Path) -> None:
    (bundle / GRAPH_FILE).write_bytes(b"no graph")
    seal_bundle(bundle)
    with pytest.raises(ArtifactError):
        load(bundle)
