"""What a reader must know before any figure, and the main figures in lines for a console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.days import EXPECTED_WITHIN, long_date, plural
from report.tiles import tiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from report.scope_figures import ScopeFigures


def alarms_of(found: ScopeFigures) -> Iterator[str]:
    """What somebody must look after: days that are late or missing, rows that were lost."""
    yield from found.coverage.alarms()
    if found.losses:
        days = plural(len({loss.day for loss in found.losses}), "day")
        yield f"Tables and ledger disagree on {days}: rows may be lost. The days are listed below."


def notes_of(found: ScopeFigures) -> Iterator[str]:
    """Which tables end earlier than the people's days, so that their figures are of fewer."""
    newest = found.coverage.newest
    if newest is None:
        return
    late = {
        report: other.newest
        for report, other in sorted(found.coverages.items())
        if other.newest and (newest - other.newest).days > EXPECTED_WITHIN
    }
    if late:
        listed = ", ".join(f"{report} on {long_date(day)}" for report, day in late.items())
        yield f"Reports that end earlier: {listed}."
    listed_on = found.one("listing").get("listed_on")
    if listed_on and (newest - listed_on).days > EXPECTED_WITHIN:
        yield f"Seats were last listed on {long_date(listed_on)}."


def headlines(found: Sequence[ScopeFigures]) -> Iterator[str]:
    """The main figures in lines for a console: the same spans and words as in the page."""
    for one in found:
        yield f"{one.name}: {one.coverage.headline()}"
        yield from (f"  {text}" for text in alarms_of(one))
        if one.newest is not None:
            yield f"  Figures of {one.span.name()}, {one.span.dates()}:"
            for tile in tiles(one):
                yield f"  {tile.value:>10}  {tile.text}; {tile.change}"
