"""Texts of which two were read in the wrong encoding once."""

from __future__ import annotations

import pyarrow as pa

from stoker.data.clean.mojibake import Mojibake
from stoker.features.category import Category
from stoker.features.text import Text
from stoker.testing import assert_fitted_cleaner

FEATURES = {"said": Text(), "city": Category()}
ROWS = pa.table({"said": ["cafÃ©", "“so” 好", None, "tea"], "city": ["Ulm", "Köln", "KÃ¶ln", "a"]})
SAID = ["café", "“so” 好", None, "tea"]
CITIES = ["Ulm", "Köln", "Köln", "a"]


def check(kind: type[Mojibake]) -> None:
    assert_fitted_cleaner(
        kind(), ROWS, FEATURES, becomes={"said": SAID, "city": CITIES},
        touched={"said": [0], "city": [2]},
    )  # fmt: skip
    assert_fitted_cleaner(
        kind(columns=("said",)), ROWS, FEATURES, becomes={"said": SAID}, touched={"said": [0]}
    )
