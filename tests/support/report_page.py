"""Reads a report's page as a person would: cards, their notes and their numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Card:
    """A card of the page.

    Args:
        text: Its title, note and picture's words.
        pictures: How many it has.
        rows: Its numbers, the head first.
    """

    text: str = ""
    pictures: int = 0
    rows: list[list[str]] = field(default_factory=list)


class Page(HTMLParser):
    """A page as read.

    Args:
        text: The file's content.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cards: dict[str, Card] = {}
        self.tiles: dict[str, str] = {}
        self.links: list[str] = []
        self.words = ""
        self._card: Card | None = None
        self._in: list[str] = []
        self._tile = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "href", "xlink:href", "action", "data"} and value:
                self.links.append(value)
        if tag == "h3":
            self._card = Card()
        if tag == "svg" and self._card:
            self._card.pictures += 1
        if tag == "tr" and self._card:
            self._card.rows.append([])
        if tag in {"td", "th"} and self._card:
            self._card.rows[-1].append("")
        self._in.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, text: str) -> None:
        tag = self._in[-1] if self._in else ""
        if tag == "style":
            return
        self.words += text + " "
        if tag == "h3" and self._card:
            self.cards[text] = self._card
        if tag in {"td", "th"} and self._card and self._card.rows:
            self._card.rows[-1][-1] += text
        elif self._card:
            self._card.text += text + " "
        if tag == "b" and "section" in self._in:
            self._tile = text
        if tag == "span" and self._tile:
            self.tiles[text] = self._tile
            self._tile = ""

    def numbers(self, title: str) -> list[tuple[str, ...]]:
        """The numbers of a card, without their head."""
        return [tuple(row) for row in self.cards[title].rows[1:]]


def numeric(text: str) -> float:
    """A tile's number."""
    return float(re.sub(r"[^\d.]", "", text))
