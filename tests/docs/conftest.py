"""What the tests of the pages share."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


def pages_module(name: str) -> Any:
    """A module of `scripts/pages`, which makes pages from the code."""
    scripts = str(ROOT / "scripts")
    if scripts not in sys.path:
        sys.path.insert(0, scripts)
    return importlib.import_module(f"pages.{name}")
