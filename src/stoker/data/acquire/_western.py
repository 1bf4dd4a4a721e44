# ruff: noqa: RUF001 - the signs are the subject
"""Whether a text of one byte a sign is Windows-1252, the code of western Europe.

Any bytes can be read in almost any code of one byte, so it is not enough that they can.  A text is
taken for Windows-1252 if its foreign letters stand in words beside plain ones, and nearly all of
those words use the letters of one western language; Cyrillic and Greek words are foreign from end
to end, Czech, Polish, Lithuanian, DOS and Macintosh texts come out with letters that no such
language has together, or with signs inside words.  Icelandic is left out on purpose: its own
letters are just those that a Turkish text shows.  Signs alone are believed where all codes of
Windows have them in the same place.

Cost: milliseconds for 64 kB.

Source: https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT
"""

from __future__ import annotations

import re

CODE = "cp1252"
_ALPHABETS = (
    "äöüßéèêëàáâçñôóïî",  # German, with its loans
    "àâæçéèêëîïôœùûüÿöäñ",  # French
    "áàéèíïóòúüñç",  # Spanish, Catalan
    "áàâãéêíóôõúüç",  # Portuguese
    "àáèéìíîòóùú",  # Italian
    "åäöæøéèüáà",  # Danish, Norwegian, Swedish
    "áéíóúàèâêîôûäëïöü",  # Dutch, Irish
    "äöåõüšž",  # Finnish, Estonian
)
_WESTERN = frozenset("".join(_ALPHABETS))
_SHARED_SIGNS = frozenset("€°§µ±\xa0–—’‘“”„…»«‹›•™©®")
_SIGNS = _SHARED_SIGNS | frozenset("²³¹½¼¾¿¡´·×÷‚£¥¢†‡‰¶ªº")
_IN_WORDS = "’´·–—\xa0"
"""Signs that may stand between two letters."""
_WORD = re.compile(r"[^\W\d_ªºµ]+")
_SIGN_IN_WORD = re.compile(rf"[^\W\d_](?:[^\x00-\x7f\w{_IN_WORDS}]|[³¹½¼¾ªº])[^\W\d_]")
_MOST_ODD = 0.03
"""Share of words that may be of another language; a table of names has some."""
_MOST_FOREIGN = 0.6
"""Share of foreign letters in words that have any; a Cyrillic word has nothing else."""
_SHORTEST = 2
"""Letters of a word that tells something; a lone `à` is one of many signs."""


def is_western(sample: bytes) -> bool:
    r"""Whether the beginning of a text is Windows-1252, as far as it can be told.

    >>> is_western("Größe;Straße\n1,80 €;Café".encode("cp1252"))
    True
    >>> is_western("Город;Улица".encode("cp1251")), is_western("příliš žluťoučký".encode("cp1250"))
    (False, False)
    """
    try:
        text = sample.decode(CODE)
    except UnicodeDecodeError:
        return False
    signs = {c for c in text if c > "\x7f" and not _WORD.fullmatch(c)}
    words = [word.lower() for word in _WORD.findall(text) if not word.isascii()]
    if not words:
        return signs <= _SHARED_SIGNS
    return signs <= _SIGNS and _are_western(words) and not _has_signs_inside(text, len(words))


def _are_western(words: list[str]) -> bool:
    """Whether words with foreign letters are of a western language."""
    odd = max(1.0, _MOST_ODD * len(words)) if len(words) > 1 / _MOST_ODD else 0.0
    foreign = [{c for c in word if c > "\x7f"} for word in words]
    if any(not letters <= _WESTERN for letters in foreign):
        return False
    is_of_one = any(
        sum(not letters <= alphabet for letters in foreign) <= odd
        for alphabet in map(frozenset, _ALPHABETS)
    )
    long = "".join(word for word in words if len(word) >= _SHORTEST)
    return is_of_one and 0 < sum(c > "\x7f" for c in long) <= _MOST_FOREIGN * len(long)


def _has_signs_inside(text: str, num_words: int) -> bool:
    return len(_SIGN_IN_WORD.findall(text)) > _MOST_ODD * num_words
