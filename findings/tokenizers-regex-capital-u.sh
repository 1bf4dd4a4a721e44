#!/usr/bin/env bash
# tokenizers 0.23.3: in a pattern of `Regex`, `\U00020000` is no character: the class that holds it splits digits.
#
# Expected: the escapes of Python's `re` (r"[\u3400-\u9fff\U00020000-\U0003ffff]": Han, rare characters included) mean the
# same in tokenizers' `Regex`, or the pattern is refused.
# Seen: `\u3400` is a character, `\U00020000` is read as the letter U and eight digits. Inside a class the range
# `\U00020000-\U0003ffff` becomes U, 0, 2, the range from 0 to U (all digits and most capital letters), 3 and f. No error:
# `Split` cuts "B2C 2024 fee" at each of them, and the rare character itself is not cut off. A string that is not raw (the
# character itself), or `\x{20000}`, is right.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet tokenizers==0.23.3
"$work/env/bin/python" - <<'PY'
import re

from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

RAW = r"[\u3400-\u9fff\U00020000-\U0003ffff]"
PLAIN = "[\u3400-\u9fff\U00020000-\U0003ffff]"
BRACED = r"[\x{3400}-\x{9fff}\x{20000}-\x{3ffff}]"
TEXT = "B2C 2024 fee \u8d28\u91cf\U00020bb7"


def pieces(pattern):
    found = Split(Regex(pattern), "isolated").pre_tokenize_str(TEXT)
    return [piece for piece, _ in found]


print("Python's re finds:", re.findall(RAW, TEXT))
assert re.findall(RAW, TEXT) == ["\u8d28", "\u91cf", "\U00020bb7"]
print("raw:   ", pieces(RAW))
assert pieces(RAW) == ["B", "2", "C", " ", "2", "0", "2", "4", " ", "f", "ee ", "\u8d28", "\u91cf", "\U00020bb7"]
wanted = ["B2C 2024 fee ", "\u8d28", "\u91cf", "\U00020bb7"]
print("plain: ", pieces(PLAIN))
print("braced:", pieces(BRACED))
assert pieces(PLAIN) == pieces(BRACED) == wanted
PY
