"""Tokenisers: what cuts a text into the pieces of a vocabulary, by the library `tokenizers`.

A tokeniser is JSON text, the `tokenizer.json` of Hugging Face.  One that is trained here is
byte-level byte-pair encoding, which knows every text, so that no token is unknown, and training it
again on the same texts in any order gives the same pieces.  Han characters stand alone, because
words are not told apart by blanks there and a model that counts runs of tokens sees every word.

Names that steer a model (`[SEP]`, `<|im_end|>`) are plain text where a user writes them: the switch
for that is lost whenever a tokeniser is saved, copied or sent, so it is set whenever one is read.

Cost: importing 0.07 s; training some seconds for 10 MB; encoding 3 MB a second.

Source: Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword
Units", https://aclanthology.org/P16-1162
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, Literal

import numpy as np

from stoker.cells.ragged import Ragged
from stoker.core.errors import ArtifactError, MissingExtraError

NormalForm = Literal["nfc", "nfkc", "none"]

_HAN = "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_FEWEST = 2
"""Times that two pieces must stand side by side to become one."""


def train_tokenizer(
    texts: Iterable[str], *, size: int, lower: bool, normal_form: NormalForm
) -> str:
    """A byte-level byte-pair vocabulary learned from texts, as JSON.

    Args:
        texts: Training texts; their order does not matter.
        size: Most pieces, at least 256.
        lower: Whether case tells nothing apart.
        normal_form: Unicode form that texts are brought to: `nfkc` makes full-width signs plain.

    Example:
        >>> learned = train_tokenizer(["low lower"] * 9, size=300, lower=True, normal_form="nfc")
        >>> reader = read_tokenizer(learned)
        >>> [reader.piece(i) for i in encode(reader, ["Lower low"]).values]
        [' lower', ' low']
    """
    library = _library()
    tokenizer = library.Tokenizer(library.models.BPE())
    rules = [] if normal_form == "none" else [getattr(library.normalizers, normal_form.upper())()]
    rules += [library.normalizers.Lowercase()] if lower else []
    # A word is the same piece wherever it stands, as a blank stands before the first one too.
    tokenizer.normalizer = library.normalizers.Sequence([*rules, library.normalizers.Prepend(" ")])
    parts = library.pre_tokenizers
    tokenizer.pre_tokenizer = parts.Sequence(
        [parts.Split(library.Regex(_HAN), "isolated"), parts.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = library.decoders.ByteLevel()
    trainer = library.trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=_FEWEST,
        initial_alphabet=sorted(parts.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))


class Tokenizer:
    """A tokeniser that was read."""

    def __init__(self, loaded: Any) -> None:
        """Use `read_tokenizer`."""
        loaded.encode_special_tokens = True
        loaded.no_padding()
        loaded.no_truncation()
        self._loaded = loaded

    @property
    def size(self) -> int:
        """Pieces that it knows; a token is a number below it."""
        return self._loaded.get_vocab_size()

    @cached_property
    def pieces(self) -> dict[str, int]:
        """Token of each piece, by its name in the vocabulary."""
        return self._loaded.get_vocab(with_added_tokens=True)

    @property
    def around(self) -> tuple[int, int] | None:
        """Tokens that a model has seen before and behind each text; None where there are none."""
        ids = self._loaded.encode("", add_special_tokens=True).ids
        return (ids[0], ids[-1]) if len(ids) == 2 else None

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, without any that steer a model."""
        found = self._loaded.encode_batch_fast(list(texts), add_special_tokens=False)
        return [one.ids for one in found]

    def bounds(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """First character of each token of each text, and the one behind it."""
        found = self._loaded.encode_batch(list(texts), add_special_tokens=False)
        return [one.offsets for one in found]

    def piece(self, token: int) -> str:
        """What a token stands for, as text."""
        return self.text([token])

    def text(self, tokens: Iterable[int]) -> str:
        """What tokens stand for together, as text."""
        return self._loaded.decode([int(token) for token in tokens], skip_special_tokens=False)


@lru_cache(maxsize=8)
def read_tokenizer(written: str) -> Tokenizer:
    """A tokeniser of its JSON.

    Raises:
        ArtifactError: If it is none.
        MissingExtraError: If the library is not installed.
    """
    library = _library()
    try:
        return Tokenizer(library.Tokenizer.from_str(written))
    except Exception as error:  # the library raises nothing more exact
        raise ArtifactError(
            f"cannot be read as a tokeniser ({error})",
            expected="the JSON that Hugging Face writes as tokenizer.json",
        ) from None


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> Ragged:
    """Tokens of many texts, int32; an empty text has none."""
    found = tokenizer.encode(texts)
    offsets = np.zeros(len(found) + 1, np.int64)
    np.cumsum([len(one) for one in found], out=offsets[1:])
    values = np.fromiter(chain.from_iterable(found), np.int32, int(offsets[-1]))
    return Ragged(values, offsets)


def bounds(tokenizer: Tokenizer, texts: Sequence[str]) -> Ragged:
    """First character of each token, and the one behind it, int64 (V, 2).

    Blanks around a token are left out, as no span begins with one; marks that stand over a letter
    belong to it, which a tokeniser that takes them away does not say.

    >>> learned = train_tokenizer(["low lower"] * 9, size=300, lower=True, normal_form="nfc")
    >>> bounds(read_tokenizer(learned), ["low  lower"]).values.tolist()
    [[0, 3], [4, 4], [5, 10]]
    """
    found = tokenizer.bounds(texts)
    length_N = np.array([len(one) for one in found], np.int64)
    value_V2 = np.array(list(chain.from_iterable(found)), np.int64).reshape(-1, 2)
    offsets = np.concatenate([np.zeros(1, np.int64), length_N.cumsum()])
    # One blank behind each text, where the search for a letter ends.
    whole = " ".join([*texts, ""])
    sizes_N = np.array([len(text) + 1 for text in texts], np.int64)
    begin_V = np.repeat(sizes_N.cumsum() - sizes_N, length_N)
    first_V, behind_V = (value_V2 + begin_V[:, None]).T
    is_blank_C, is_mark_C = _kinds(whole)
    place_C = np.arange(len(whole) + 1)
    letter_C = _next(place_C, ~is_blank_C)
    first_V = np.minimum(letter_C[first_V], behind_V)
    behind_V = np.where(first_V < behind_V, _next(place_C, ~is_mark_C)[behind_V], behind_V)
    return Ragged(np.column_stack([first_V, behind_V]) - begin_V[:, None], offsets)


def _kinds(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Which characters are blanks, and which stand over another one; one more, a letter's."""
    blanks = {sign for sign in set(text) if sign.isspace()}
    marks = {sign for sign in set(text) if unicodedata.combining(sign)}
    code_C = np.frombuffer((text + "x").encode("utf-32-le", "surrogatepass"), np.uint32)
    is_blank_C, is_mark_C = (np.isin(code_C, [ord(s) for s in signs]) for signs in (blanks, marks))
    return is_blank_C, is_mark_C


def _next(place_C: np.ndarray, is_wanted_C: np.ndarray) -> np.ndarray:
    """The first wanted place from each on; the last one is wanted."""
    wanted = np.flatnonzero(is_wanted_C)
    return wanted[np.searchsorted(wanted, place_C)]


def _library() -> Any:
    """The module; its threads of its own are off, as callers have theirs."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import tokenizers
    except ImportError:
        raise MissingExtraError("tokenizers", extra="text", needed_for="feature: tokens") from None
    return tokenizers
