"""Take the text out of pages of HTML and of PDF documents; run in a child process, `_table_worker`.

One row a file: its text, or why there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from stoker.core.errors import DataError
from stoker.data.acquire._html_text import all_text, main_text, page_encodings
from stoker.data.acquire._pdf_text import OCR_HINT, pdf_text
from stoker.data.acquire._text import whole_text
from stoker.data.acquire._text_files import form_of, text_content
from stoker.data.option_text import say_option

ERRORS: tuple[type[Exception], ...] = ()
TEXT, PROBLEM, LINE = "text", "problem", "line"
"""Columns of what is sent."""
HtmlText = Literal["main", "all"]


def read_file(
    path: Path, *, html: HtmlText, encodings: Sequence[str], follow_links: bool
) -> Iterator[pa.Table]:
    """The text of a file as a table of one row.

    Args:
        path: A page or a document.
        html: What to take of a page.
        encodings: Those that a page may be in, besides the one that it names.
        follow_links: Whether it may be a symbolic link.
    """
    text, problem, line = "", "", None
    try:
        content = text_content(path, follow_links=follow_links)
        if form_of(path, follow_links=follow_links) == "pdf":
            text = pdf_text(content)
            problem = "" if text.strip() else f"holds no text, as scanned pages do; {OCR_HINT}"
        else:
            page, _ = whole_text(content, path.name, page_encodings(content, encodings))
            text = main_text(page) if html == "main" else all_text(page)
            problem = "" if text.strip() else _no_text(html)
        text.encode()
    except UnicodeEncodeError:
        problem = "holds half a character (a lone surrogate)"
    except DataError as error:
        problem = reason_of(error)
        line = error.place.line if error.place else None
    yield pa.table(
        {
            TEXT: pa.array(["" if problem else text], pa.large_string()),
            PROBLEM: pa.array([problem]),
            LINE: pa.array([line], pa.int64()),
        }
    )


def look(path: Path, **options: Any) -> dict[str, Any]:
    """Nothing; documents have no columns."""
    return {}


def explained(error: Exception, path: Path) -> None:
    """Nothing better than what it says itself."""
    return


def reason_of(error: DataError) -> str:
    """What is wrong with a file, and what helps, in one line."""
    return "; ".join(said for said in (error.what, error.fix) if said)


def _no_text(html: HtmlText) -> str:
    if html == "all":
        return "is a page without text"
    return (
        f"is a page whose main text cannot be told; to take all of it: {say_option('html', 'all')}"
    )
