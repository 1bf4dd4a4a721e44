"""Sort the pictures of an npm package into one folder per class: `data/emoji/<class>/<name>.png`.

What to do when your labels stand in a JSON file beside the pictures.  Nothing of it is run.

    python examples/emoji.py
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

PACKAGE = "emoji-datasource-twitter@16.0.0"
SHA256 = "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877"
CACHE = Path.home() / ".cache" / "stoker" / "packages"
ARCHIVE = CACHE / "emoji-datasource-twitter-16.0.0.tgz"
TARGET = Path(__file__).parent / "data" / "emoji"


def main() -> None:
    """Fetch the package once, check it, and write the pictures."""
    if not ARCHIVE.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=CACHE, check=True)
    if hashlib.sha256(ARCHIVE.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{ARCHIVE} is not the package that this example was written for")
    with tarfile.open(ARCHIVE) as archive:
        emoji = json.load(archive.extractfile("package/emoji.json"))
        category = {one["image"]: one["category"].replace(" & ", "-") for one in emoji}
        for member in archive:
            name = Path(member.name).name
            if member.name == f"package/img/twitter/64/{name}" and name in category:
                folder = TARGET / category[name]
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(archive.extractfile(member).read())
    print(f"{sum(1 for _ in TARGET.rglob('*.png'))} pictures in {TARGET}")


if __name__ == "__main__":
    main()
