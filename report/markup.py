"""Tables, charts and tiles as HTML; whatever stands in a name is text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

from report.days import long_date

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_FEW_COLUMNS = 3  # beside which a bar has room on a phone


def count(value: Any) -> str:
    """A count: 1,234."""
    return f"{float(value):,.0f}"


def percent(value: Any) -> str:
    """A share of 1: 85 %."""
    return f"{float(value) * 100:.0f} %"


def usd(value: Any) -> str:
    """An amount: 1,234 USD, with cents below 100."""
    amount = float(value)
    return f"{amount:,.2f} USD" if 0 < abs(amount) < 100 else f"{amount:,.0f} USD"  # noqa: PLR2004


def credit(value: Any) -> str:
    """Credits: whole, with a digit below 100."""
    amount = float(value)
    small = 0 < abs(amount) < 100 and not amount.is_integer()  # noqa: PLR2004
    return f"{amount:,.1f}" if small else f"{amount:,.0f}"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        key: Of the rows.
        label: What stands above it.
        shown: How a number is written; None for text and days.
        series: For a table by day or week that follows the chosen team: the column of the
            series, or `rate`.
    """

    key: str
    label: str
    shown: Callable[[Any], str] | None = None
    series: str = ""


@dataclass(frozen=True)
class Table:
    """Numbers with a heading for each column and row.

    Args:
        columns: The first one names the row.
        rows: By the keys of the columns; None is left empty.
        bar: The column that a bar is drawn of, if any.
        color: The bar's, where a row has no `color` of its own.
        unit: `day` or `week`, where each row is a place of the scope's axis.
        follows: `team` if its numbers follow the chosen team, `range` if its rows follow
            the chosen days alone.
    """

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    bar: str = ""
    color: str = "active"
    unit: str = ""
    follows: str = ""

    def html(self, title: str, scope: int) -> str:
        """The table.

        Args:
            title: Its caption.
            scope: The place of its scope in the page's figures.
        """
        most = self._most()
        tied = (
            f' data-scope="{scope}" data-unit="{self.unit}" data-series="{self.follows}"'
            if self.follows
            else ""
        )
        kind = "sortable many" if len(self.columns) > _FEW_COLUMNS else "sortable"
        places = [f" data-i={place}" if self.follows else "" for place in range(len(self.rows))]
        body = "".join(
            f"<tr{place}>{''.join(self._cells(row, most))}</tr>"
            for place, row in zip(places, self.rows, strict=True)
        )
        return (
            f'<div class="table" tabindex="0" role="region" aria-label="{escape(title)}">'
            f'<table class="{kind}"{tied}><caption>{escape(title)}</caption>'
            f"<thead><tr>{''.join(self._heads())}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def _most(self) -> float:
        """What the longest bar stands for: the largest value, or all of a share."""
        if any(column.key == self.bar and column.shown is percent for column in self.columns):
            return 1
        return max((abs(float(row[self.bar] or 0)) for row in self.rows if self.bar), default=0)

    def _heads(self) -> Iterator[str]:
        for place, column in enumerate(self.columns):
            numeric = ' class="n"' if column.shown else ""
            yield f'<th scope="col"{numeric}>{escape(column.label)}</th>'
            if place == 0 and self.bar:
                yield '<th class="bar" aria-hidden="true"></th>'

    def _cells(self, row: Mapping[str, Any], most: float) -> Iterator[str]:
        for place, column in enumerate(self.columns):
            value = row[column.key]
            if place == 0:
                yield f'<th scope="row"{_sort_key(value)}>{escape(_text(value))}</th>'
                if self.bar:
                    yield self._bar(row, most)
            else:
                yield _cell(column, value)

    def _bar(self, row: Mapping[str, Any], most: float) -> str:
        """A bar as long as the row's part of the largest value; none of nothing."""
        width = 100 * abs(float(row[self.bar] or 0)) / most if most else 0
        color = row.get("color", self.color)
        drawn = f'<i style="width:{width:.0f}%;--bar:var(--{color})"></i>' if width else ""
        return f'<td class="bar" aria-hidden="true">{drawn}</td>'


@dataclass(frozen=True)
class Chart:
    """A chart that the page's script draws.

    Args:
        kind: Which; a maker of the script.
        legend: Names with the color that each has.
        part: Whether weeks can be in part.
    """

    kind: str
    legend: Sequence[tuple[str, str]] = ()
    part: bool = False

    def html(self, title: str, scope: int) -> str:
        """Its place in the page, with a legend."""
        entries = "".join(
            f'<li><i style="background:var(--{color})"></i>{escape(name)}</li>'
            for name, color in self.legend
        )
        if self.part:
            entries += '<li><i class="part"></i>week not whole</li>'
        legend = f'<ul class="legend" aria-hidden="true">{entries}</ul>' if entries else ""
        return (
            f'{legend}<div class="chart" role="img" data-scope="{scope}" data-kind="{self.kind}" '
            f'aria-label="{escape(title)}: a chart; the table below it has its numbers"></div>'
        )


@dataclass(frozen=True)
class Card:
    """A part of the report: a chart or a table, or words that say what is missing.

    Args:
        title: What it shows.
        note: How to read it, or what is missing.
        chart: Drawn above the numbers.
        table: The numbers; folded under a chart, else open.
        wide: Whether it takes the page's whole width.
        more: Further tables with their titles, folded.
    """

    title: str
    note: str
    chart: Chart | None = None
    table: Table | None = None
    wide: bool = False
    more: Sequence[tuple[str, Table]] = field(default_factory=tuple)

    @property
    def is_missing(self) -> bool:
        """Whether it has nothing to show."""
        return self.chart is None and self.table is None

    def html(self, scope: int) -> str:
        """The card."""
        classes = "card" + " wide" * self.wide + " missing" * self.is_missing
        parts = [
            f'<section class="{classes}"><h4>{escape(self.title)}</h4><p>{escape(self.note)}</p>'
        ]
        if self.chart:
            parts.append(self.chart.html(self.title, scope))
        if self.table and not self.chart:
            parts.append(self.table.html(self.title, scope))
        elif self.table:
            parts.append(folded("Numbers", self.title, self.table, scope))
        parts += [folded(title, title, table, scope) for title, table in self.more]
        return "".join([*parts, "</section>"])


@dataclass(frozen=True)
class Tile:
    """A figure in large.

    Args:
        value: The figure.
        text: What it is.
        change: Against the 28 days before, or why there is none.
    """

    value: str
    text: str
    change: str

    def html(self) -> str:
        """The tile."""
        return (
            f"<div class='tile'><b>{escape(self.value)}</b><span>{escape(self.text)}</span>"
            f"<small>{escape(self.change)}</small></div>"
        )


def folded(summary: str, title: str, table: Table, scope: int) -> str:
    """A table that opens on demand; one with a row per day is printed only if it is open."""
    kind = ' class="by-day"' if table.unit == "day" else ""
    return (
        f"<details{kind}><summary>{escape(summary)}</summary>{table.html(title, scope)}</details>"
    )


def _cell(column: Column, value: Any) -> str:
    if column.shown:
        of = f' data-of="{column.series}"' if column.series else ""
        shown = "" if value is None else column.shown(value)
        raw = (
            ""
            if value is None
            else f"{float(value):.6g}"
            if column.shown is percent
            else f"{float(value):.12g}"
        )
        return f'<td class="n" data-v="{raw}"{of}>{escape(shown)}</td>'
    kind = ' class="d"' if isinstance(value, date) else ""
    return f"<td{kind}{_sort_key(value)}>{escape(_text(value))}</td>"


def _sort_key(value: Any) -> str:
    return f' data-v="{value:%Y%m%d}"' if isinstance(value, date) else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    return long_date(value) if isinstance(value, date) else str(value)
