"""Lower bounds of libraries are releases that may still be used, and what was tested is above."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TESTED = dict(
    re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
)
FIXED = {
    "jinja2": "3.1.6",  # CVE-2025-27516
    "onnx": "1.21",  # paths of external data
    "orjson": "3.11.6",  # CVE-2025-67221
    "pillow": "12.1.1",  # CVE-2026-25990
    "pyarrow": "23.0.1",  # CVE-2026-25087
    "torch": "2.10",  # CVE-2026-24747
}
"""The first release without an advisory that we know of, of libraries that read foreign bytes."""


def requirements() -> list[Requirement]:
    texts = [*PROJECT["dependencies"]]
    for extra in PROJECT["optional-dependencies"].values():
        texts += extra
    return [found for found in map(Requirement, dict.fromkeys(texts)) if found.name != "stoker"]


def lower_bound(requirement: Requirement) -> Version:
    (bound,) = (s for s in requirement.specifier if s.operator in (">=", "=="))
    return Version(bound.version)


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_what_was_tested_is_within_the_bounds(requirement: Requirement) -> None:
    names = {re.sub(r"[-_.]+", "-", name).lower(): release for name, release in TESTED.items()}
    release = names.get(re.sub(r"[-_.]+", "-", requirement.name).lower())
    assert release is None or Version(release) in requirement.specifier


@pytest.mark.parametrize("name", FIXED)
def test_a_bound_is_a_release_without_a_known_advisory(name: str) -> None:
    bounds = [lower_bound(found) for found in requirements() if found.name == name]
    assert bounds
    assert all(bound >= Version(FIXED[name]) for bound in bounds)


def test_no_user_library_has_an_upper_bound() -> None:
    tools = {"deptry", "import-linter", "pyrefly", "ruff"}
    for requirement in requirements():
        if requirement.name not in tools:
            assert {s.operator for s in requirement.specifier} <= {">="}, requirement
