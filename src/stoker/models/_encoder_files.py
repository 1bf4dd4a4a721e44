"""A pretrained encoder in a folder, as Hugging Face writes it.

Read are `config.json`, `tokenizer.json` and `model.safetensors`, or the parts that
`model.safetensors.index.json` names.  Pickles (`pytorch_model.bin`) are not read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stoker.cells.tokenizer import Tokenizer, read_tokenizer
from stoker.core.errors import ArtifactError, DataError, Place

if TYPE_CHECKING:
    from torch import Tensor

_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True)
class EncoderFiles:
    """A folder of a pretrained encoder."""

    folder: Path

    @cached_property
    def config(self) -> dict[str, Any]:
        """What `config.json` says.

        Raises:
            DataError: If it is not there, or no JSON object.
        """
        found = self._json(_CONFIG)
        if not isinstance(found, dict):
            raise DataError("holds no JSON object", place=Place(str(self.folder / _CONFIG)))
        return found

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Its tokeniser.

        Raises:
            DataError: If it is not there, or none.
        """
        path = self.folder / _TOKENIZER
        try:
            return read_tokenizer(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, ArtifactError) as error:
            reason = error.what if isinstance(error, ArtifactError) else str(error)
            raise self._unreadable(_TOKENIZER, reason) from None

    def weights(self) -> dict[str, Tensor]:
        """Weights by the names of the file.

        Raises:
            DataError: If they are not there, or damaged.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        found: dict[str, Tensor] = {}
        for name in self._weight_files():
            try:
                found |= load((self.folder / name).read_bytes())
            except (OSError, SafetensorError) as error:
                raise self._unreadable(name, str(error)) from None
        return found

    def _weight_files(self) -> list[str]:
        if not (self.folder / _INDEX).exists():
            return [_WEIGHTS]
        index = self._json(_INDEX)
        names = sorted(set(index["weight_map"].values())) if "weight_map" in index else []
        inside = [name for name in names if Path(name).name == name]
        if not names or inside != names:
            raise DataError(
                "names no files of its own folder", place=Place(str(self.folder / _INDEX))
            )
        return names

    def _json(self, name: str) -> Any:
        try:
            return json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise self._unreadable(name, str(error)) from None

    def _unreadable(self, name: str, reason: str) -> DataError:
        return DataError(
            f"the encoder's {name} cannot be read ({reason})",
            expected=f"a folder with {_CONFIG}, {_TOKENIZER} and {_WEIGHTS}",
            fix="name the folder under model.encoder.path; pickles (.bin, .pth) are not read",
            place=Place(str(self.folder)),
        )
