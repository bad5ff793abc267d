"""A model's pictures in the reader's language: their words are text, and are put into Chinese here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

from markupsafe import escape

from gateway.portal.language import Language, catalogue, text

WORDS = re.compile(r"(<text\b[^>]*>)([^<]*[A-Za-z][^<]*)(</text>)")
BOX = re.compile(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')
WIDEST = re.compile(r"widest at about (\d+) points")
# Pictures of models that were trained before bear figures of all firms in one, which are not the card's.
POOLED = re.compile(r"(AUC|KS) ([0-9.]+)(?: at about (\d+) points)?")
# What a feature is called takes more room on the left of the summary than its name, in points of the drawing.
ROOM = 70


def in_words(language: Language, svg: str, titles: Mapping[str, str]) -> str:
    """Return a picture with its words in the language; `titles` says what its features are called."""
    named = False

    def said(found: re.Match[str]) -> str:
        nonlocal named
        words = unescape(found[2]).strip()
        named = named or words in titles
        return f"{found[1]}{escape(_said(language, words, titles))}{found[3]}"

    drawn = WORDS.sub(said, svg)
    return BOX.sub(_with_room, drawn, count=1) if named and language == "zh" else drawn


def _said(language: Language, words: str, titles: Mapping[str, str]) -> str:
    if pooled := POOLED.fullmatch(words):
        return text(language, "drawn.pooled", figure=pooled[1], value=pooled[2])
    if language == "en":
        return words
    if widest := WIDEST.fullmatch(words):
        return text(language, "drawn.widest", points=widest[1])
    known = catalogue()["picture_word"].get(words)
    return known[0] if known else titles.get(words, words)


def _with_room(box: re.Match[str]) -> str:
    return f'viewBox="-{ROOM} 0 {float(box[1]) + ROOM:g} {box[2]}"'
