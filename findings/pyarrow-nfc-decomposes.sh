#!/usr/bin/env bash
# pyarrow 25.0.1: `pc.utf8_normalize(texts, "NFC")` decomposes, and so does "NFKC".
#
# Expected: NFC and NFKC compose, as `unicodedata.normalize` does and as the option names: "e" with an accent is one sign.
# Seen: both give what NFD and NFKD give. Signs with marks come out as two code points, Hangul syllables as their letters;
# no error. Whatever counts words or characters behind it (tf-idf, deduplication, lengths) sees other texts than code
# that normalises in Python, and words in which marks are no letters fall apart.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet pyarrow==25.0.1
"$work/env/bin/python" - <<'PY'
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

TEXTS = ["d\u00e9j\u00e0", "de\u0301ja\u0300", "sch\u00f6n", "\ud55c\uae00", "\uff21"]
for form in ("NFC", "NFKC", "NFD", "NFKD"):
    found = pc.utf8_normalize(pa.array(TEXTS), form).to_pylist()
    wanted = [unicodedata.normalize(form, text) for text in TEXTS]
    apart = [unicodedata.normalize(form.replace("C", "D"), text) for text in TEXTS]
    print(form, [len(text) for text in found], "Python:", [len(text) for text in wanted])
    assert found == apart
    assert (found == wanted) == form.endswith("D")
PY
