"""The text of a page of HTML: its main text by `trafilatura`, or all of it by the standard library.

Main text is what a reader came for: no menus, no lists of links, no footers.  Where none can be
told, nothing is guessed.  All of the text is what stands between the tags, a line for each block,
without scripts and styles.

In which encoding a page is, it may say itself; one that is UTF-8 is read so whatever it says.

Cost: importing `trafilatura` 0.4 s of CPU and 70 MB on the disk, then 1 MB a second; all of the
text 10 MB a second.

Source: Barbaresi 2021, "Trafilatura: A Web Scraping Library and Command-Line Tool for Text
Discovery and Extraction", https://aclanthology.org/2021.acl-demo.15
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

_BLOCKS = frozenset(
    (
        *("p", "div", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd", "tr", "table", "title"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "section", "article", "main"),
        *("header", "footer", "nav", "aside", "figure", "figcaption", "form", "option", "body"),
    )
)
_UNSEEN = frozenset(("script", "style", "template", "noscript"))
_DECLARED = re.compile(rb"(?i)<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]+)")
_DECLARED_XML = re.compile(rb"(?i)\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]+)")
_FIRST_BYTES = 4_096
_READ_AS = {
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk"), "gb18030"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "ascii", "us-ascii"), "cp1252"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    "big5": "big5hkscs",
}
"""Encodings that pages name and browsers read as a larger one, https://encoding.spec.whatwg.org"""


def page_encodings(content: bytes, given: Sequence[str]) -> tuple[str, ...]:
    """Encodings that a page may be in: those that are given, and the one that it names itself.

    >>> page_encodings(b'<meta charset="gb2312">', ("utf-8",))
    ('utf-8', 'gb18030')
    """
    begin = content[:_FIRST_BYTES]
    found = _DECLARED.search(begin) or _DECLARED_XML.match(begin)
    if found is None:
        return tuple(given)
    named = found[1].decode("ascii", "replace").lower()
    name = _READ_AS.get(named, named)
    try:
        "a".encode(name)
    except LookupError:
        return tuple(given)
    return tuple(dict.fromkeys((*given, name)))


def main_text(page: str) -> str:
    """What a reader of a page came for; empty where that cannot be told."""
    import trafilatura  # takes 0.4 s, which a process that reads no page is spared

    return trafilatura.extract(page, include_comments=False) or ""


def all_text(page: str) -> str:
    r"""Everything that stands between the tags of a page.

    >>> all_text("<title>A</title><script>x</script><p>b&amp;c\n <b>d</b><li>e")
    'A\nb&c d\ne'
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Keeps texts, with a line end at each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._pieces.append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        lines = ("".join(self._pieces)).split("\n")
        words = (" ".join(line.split()) for line in lines)
        return "\n".join(line for line in words if line)
