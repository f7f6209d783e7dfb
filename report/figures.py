"""Pictures of a scope's figures, as SVG that takes its colours from the page."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from matplotlib.axes import Axes

# Stand-ins for what the page calls --ink, --soft, --line and its series colours.
COLOURS = {
    "#010203": "ink",
    "#040506": "soft",
    "#070809": "line",
    "#0a0b0c": "first",
    "#0d0e0f": "second",
    "#101112": "third",
    "#131415": "none",
}
INK, SOFT, LINE, FIRST, SECOND, THIRD, NONE = COLOURS
WIDTH = 4.6  # inches of 72 points: a phone's width at the size of the page's text
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a team may be called $x^2$
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": LINE,
    "legend.frameon": False,
    "legend.labelcolor": SOFT,
    "legend.fontsize": 9,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}
_WEEK = 7  # days
_MONTHS = 150  # days, from which on the months alone are named
_STATUS = {"loaded": FIRST, "provisional": SECOND, "pending": THIRD, "empty": NONE}
Break = tuple["date", str]


def weeks(
    days: Sequence[date],
    series: Mapping[str, Sequence[float | None]],
    breaks: Sequence[Break] = (),
    *,
    percent: bool = False,
) -> str:
    """Figures by week, as bars a series, the first behind the others; breaks as dashed lines.

    Args:
        days: The Mondays.
        series: A value a week for each name; None leaves a gap.
        breaks: Days on which GitHub changed what it counts, with a number for the note.
        percent: Whether values are shares of 1.
    """
    with mpl.rc_context(_STYLE):
        figure, axes = _axes(2.5)
        for (name, values), colour, width in zip(
            series.items(), (FIRST, SECOND), (5.4, 2.6), strict=False
        ):
            axes.bar(
                [date2num(day) + 3 for day in days],
                [float(value or 0) for value in values],
                width,
                color=colour,
                label=name,
            )
        for day, mark in breaks:
            axes.axvline(date2num(day), color=SOFT, linewidth=1, linestyle=(0, (3, 2)))
            axes.annotate(
                mark,
                (date2num(day), 1),
                (3, -1),
                xycoords=axes.get_xaxis_transform(),
                textcoords="offset points",
                color=INK,
                verticalalignment="top",
                fontsize=9,
            )
        locator = AutoDateLocator(minticks=2, maxticks=6)
        axes.xaxis.set_major_locator(locator)
        span = (days[-1] - days[0]).days
        axes.xaxis.set_major_formatter(DateFormatter("%-d %b" if span < _MONTHS else "%b"))
        axes.set_xlim(date2num(days[0]) - 1, date2num(days[-1]) + 8)
        _scale(axes.yaxis, percent=percent)
        axes.set_ylim(bottom=0, top=1 if percent else None)
        if len(series) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        return _svg(figure)


def bars(rows: Sequence[tuple[str, float, float | None]], *, percent: bool = False) -> str:
    """A horizontal bar a name, the longest first; the second value lies inside the first.

    Args:
        rows: Name, value, and a part of the value or None.
        percent: Whether values are shares of 1.
    """
    with mpl.rc_context(_STYLE | {"axes.grid": False}):
        figure, axes = _axes(0.35 + 0.27 * len(rows))
        places = range(len(rows), 0, -1)
        most = max((value for _, value, _ in rows), default=0) or 1
        axes.barh(places, [value for _, value, _ in rows], 0.62, color=FIRST)
        parts = [(place, row[2]) for place, row in zip(places, rows, strict=True)]
        axes.barh([p for p, v in parts if v], [v for _, v in parts if v], 0.28, color=SECOND)
        for place, (_, value, part) in zip(places, rows, strict=True):
            shown = f"{value:.0%}" if percent else _number(value)
            shown = shown if part is None else f"{_number(part)} of {shown}"
            axes.text(value + most * 0.015, place, shown, verticalalignment="center", fontsize=9)
        axes.set_yticks(places, [_short(name) for name, _, _ in rows], color=INK)
        axes.set_xlim(0, most * 1.3)
        axes.set_ylim(0.4, len(rows) + 0.6)
        axes.xaxis.set_visible(False)
        axes.spines.bottom.set_visible(False)
        return _svg(figure)


def share(used: int, idle: int) -> str:
    """Used and idle seats as one bar."""
    with mpl.rc_context(_STYLE | {"axes.grid": False}):
        figure, axes = _axes(0.75)
        axes.barh([0], [used], color=FIRST, label=f"used {used}")
        axes.barh([0], [idle], left=[used], color=NONE, label=f"idle {idle}")
        axes.set_axis_off()
        axes.set_xlim(0, max(used + idle, 1))
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
        return _svg(figure)


def calendar(days: Sequence[tuple[date, str]]) -> str:
    """A ledger: a square a day, a column a week, coloured by what became of the day.

    Args:
        days: With loaded, provisional, pending or empty.
    """
    with mpl.rc_context(_STYLE | {"axes.grid": False}):
        figure, axes = _axes(1.15)
        first = min(day for day, _ in days)
        origin = first.toordinal() - first.weekday()
        for status, colour in _STATUS.items():
            met = [day for day, found in days if found == status]
            if not met:
                continue
            axes.barh(
                [-day.weekday() for day in met],
                [0.84] * len(met),
                0.84,
                left=[(day.toordinal() - origin) // _WEEK for day in met],
                color=colour,
                label=f"{status} {len(met)}",
            )
        weeks_shown = max(20, (max(day for day, _ in days).toordinal() - origin) // _WEEK + 1)
        axes.set_xlim(0, weeks_shown)
        axes.set_ylim(-6.6, 0.6)
        starts = sorted({day.replace(day=1) for day, _ in days if day.day <= _WEEK})
        axes.set_xticks(
            [(day.toordinal() - origin) // _WEEK for day in starts],
            [f"{day:%b}" for day in starts],
            fontsize=8,
            horizontalalignment="left",
        )
        axes.set_yticks([0, -2, -4, -6], ["Mo", "We", "Fr", "Su"], fontsize=8)
        axes.spines.bottom.set_visible(False)
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=4,
            borderaxespad=0,
            columnspacing=0.9,
            handlelength=1,
            handletextpad=0.4,
        )
        return _svg(figure)


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _scale(axis: Any, *, percent: bool) -> None:
    axis.set_major_locator(MaxNLocator(4, integer=not percent))
    axis.set_major_formatter(PercentFormatter(1, decimals=0) if percent else _number_format)


def _number_format(value: float, _place: int | None = None) -> str:
    return _number(value)


def _number(value: float) -> str:
    """For people: 950, 12.3k, 4.5M."""
    for least, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= least:
            return f"{value / (1e3 if unit == 'k' else least):.1f}{unit}"
    return f"{value:,.0f}"


def _short(name: str, most: int = 22) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _svg(figure: Figure) -> str:
    """The figure alone, with the page's colours, its ids its own."""
    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": str(id(figure))}), warnings.catch_warnings():
        # Fonts serve to measure alone: the page draws the text with its own.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px var(--font)", text)
    for stand_in, name in COLOURS.items():
        text = text.replace(stand_in, f"var(--{name})")
    return text
