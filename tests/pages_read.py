"""What a reader of Chinese meets on a page, and which of its words are English and no names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
READ_ALOUD = ("aria-label", "title", "placeholder", "alt")
UNSEEN = ("script", "style", "code", "pre", "template")
EMPTY = frozenset({"meta", "link", "input", "br", "img", "hr"})
# Names of the trade, of formats, and what the fixtures call firms, clients, files, invoices and a grade of steel.
ALLOWED = frozenset(
    {
        *("UTC", "MB", "HHI", "AUC", "ROC", "KS", "AIR", "PSI", "Brier"),
        *("API", "CSV", "XLSX", "XLS", "Parquet", "JSON", "XML", "OFD"),
        *("HRB", "sales", "csv", "gz", "nobody"),
    }
)
NAMED = re.compile(
    r"(?:local|uscc):\w+|\b(?:bank|platform|firm|operator|source|buyer|sandbox)-[a-z0-9-]+"
    r"|\bSHA-256\b|\bTout-[WS]\d+|\b(?:app|mdl|rec|smc)_\w*|\b(?:AAA|AA|BBB|BB|CCC|CC)\b"
)


class Said(HTMLParser):
    """What a reader sees or hears of a page, but for what is code and says so, or is marked as English."""

    def __init__(self) -> None:
        """Begin outside of everything."""
        super().__init__()
        self.hidden = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read the attributes that are read aloud."""
        given = dict(attrs)
        codes = tag in UNSEEN or "code" in (given.get("class") or "").split() or given.get("lang") == "en"
        if tag not in EMPTY and (self.hidden or codes):
            self.hidden += 1
        if not self.hidden:
            self.found += [given[name] or "" for name in READ_ALOUD if name in given]

    def handle_endtag(self, tag: str) -> None:
        """Come out of what is not read."""
        if self.hidden and tag not in EMPTY:
            self.hidden -= 1

    def handle_data(self, data: str) -> None:
        """Read the text."""
        if not self.hidden:
            self.found.append(data)


def english(page: str) -> Iterator[str]:
    """Yield the words of a page in Latin letters that are no names."""
    said = Said()
    said.feed(page)
    for each in said.found:
        yield from (word for word in WORD.findall(NAMED.sub("", each)) if word not in ALLOWED)
