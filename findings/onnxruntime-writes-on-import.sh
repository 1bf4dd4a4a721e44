#!/usr/bin/env bash
# onnxruntime 1.31.1: `import onnxruntime` alone writes a file into the temporary folder.
#
# Expected: importing writes nothing; `disable_telemetry_events()`, called right after, comes before anything.
# Seen: a file `.ses` with a time and a random id is in TMPDIR as soon as the import is done, so no call of the
# library can come before it.  A program that promises to leave nothing behind gives the import a TMPDIR of
# its own, or removes the file.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet onnxruntime==1.31.1
mkdir "$work/tmp"
TMPDIR="$work/tmp" "$work/env/bin/python" -c 'import onnxruntime'
ls -A "$work/tmp"
find "$work/tmp" -name '.ses' -size +0 | grep -q .
echo "as stated"
