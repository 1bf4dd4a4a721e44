"""The bundles and parts that compressors are tried on."""

from tests.compress.conftest import banded_case, binary_case, case, forest_case

__all__ = ["banded_case", "binary_case", "case", "forest_case"]
