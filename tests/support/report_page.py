"""Reads a report's page as a person would: headings, words, tables by their captions."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

Table = list[tuple[str, ...]]


class Page(HTMLParser):
    """A page as read.

    Args:
        text: The file's content.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scopes: list[str] = []
        self.cards: dict[str, str] = {}
        self.heads: dict[str, list[str]] = {}
        self.tables: dict[str, Table] = {}
        self.tiles: dict[str, tuple[str, str]] = {}
        self.alarms: list[str] = []
        self.truths: list[str] = []
        self.links: list[str] = []
        self.charts: list[str] = []
        self.words = ""
        self.figures: dict[str, Any] = {}
        self._in: list[tuple[str, dict[str, str | None]]] = []
        self._card = ""
        self._caption = ""
        self._row: list[str] = []
        self._tile: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("src", "href", "action", "data"):
            if value := given.get(name):
                self.links.append(value)
        if tag in {"meta", "input", "br"}:
            return
        if given.get("class") == "chart":
            self.charts.append(given.get("data-kind") or "")
        if tag == "tr":
            self._row = []
        if tag in {"td", "th"}:
            self._row.append("\0" if given.get("class") == "bar" else "")
        if given.get("class") == "tile":
            self._tile = []
        self._in.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr" and self._caption:
            kept = [cell for cell in self._row if cell != "\0"]  # a bar is for the eye alone
            if self._caption not in self.heads:
                self.heads[self._caption] = kept
                self.tables[self._caption] = []
            else:
                self.tables[self._caption].append(tuple(kept))
        if tag == "table":
            self._caption = ""
        if tag == "small" and self._tile:
            value, text, change = self._tile
            self.tiles[text] = (value, change)
            self._tile = []
        while self._in and self._in.pop()[0] != tag:
            pass

    def handle_data(self, text: str) -> None:
        tag, given = self._in[-1] if self._in else ("", {})
        if tag == "script" and given.get("id") == "figures":
            self.figures = json.loads(text)
        if tag in {"style", "script"}:
            return
        self.words += text + " "
        if tag in {"td", "th"}:
            self._row[-1] += text
        elif tag in {"caption", "h2", "h4"}:
            self._heading(tag, text)
        elif self._is("tile"):
            self._tile.append(text)
        elif given.get("class") in {"alarm", "truth"}:
            (self.alarms if given["class"] == "alarm" else self.truths).append(text)
        if self._card and tag in {"p", "summary", "caption"}:
            self.cards[self._card] += text + " "

    def _heading(self, tag: str, text: str) -> None:
        if tag == "caption":
            self._caption = text
        elif tag == "h2":
            self.scopes.append(text.strip())
        else:
            self._card = text
            self.cards[text] = ""

    def _is(self, name: str) -> bool:
        return any(given.get("class") == name for _, given in self._in)

    def column(self, caption: str, head: str) -> dict[str, str]:
        """A column of a table, by the names of its rows."""
        place = self.heads[caption].index(head)
        return {row[0]: row[place] for row in self.tables[caption]}


def number(text: str) -> float | None:
    """A number as it is written for people; None for an empty cell."""
    plain = text.replace(",", "").replace(" USD", "").removesuffix(" %").replace("\u2212", "-")
    return float(plain) if plain else None
