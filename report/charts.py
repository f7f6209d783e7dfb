"""The charts as Vega specifications, and the script that draws them without a network.

Written as Vega-Lite and compiled here: a mistake shows when the page is made, and the browser
has less to do. A color is a name with an `@`: the page puts in that of its theme.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import vl_convert

Spec = dict[str, Any]
_FONT = 12  # pixels; the least that is read without effort
_HEIGHT = 190
_SHARE_COLORS = ["@c1", "@c2", "@c3", "@c4", "@c5", "@c6", "@others"]
_WAY_COLORS = ["@c1", "@c2", "@c3", "@c4", "@c5", "@c6", "@c7", "@c8"]
_STATUS_COLORS = ["@loaded", "@provisional", "@pending", "@empty", "@unasked"]
# The page's script says which labels have the year under them: the first of each year.
_DATE_LABEL = (
    "[utcFormat(datum.value, '%-d %b'), indexof(years, +datum.value) >= 0 "
    "? utcFormat(datum.value, '%Y') : '']"
)
_X_AXIS = {
    "title": None,
    "grid": False,
    "labelExpr": _DATE_LABEL,
    "labelOverlap": True,
    "labelFlush": False,
}
_CONFIG = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": _FONT,
        "labelColor": "@soft",
        "gridColor": "@line",
        "tickColor": "@line",
        "domain": False,
    },
}


@cache
def script() -> str:
    """The library, as one script that sets `window.vegaEmbed`."""
    # `vega` alone would be less, but is null in the bundles of vl-convert 1.9.
    text: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return text.replace("</script", "<\\/script")


@cache
def specs() -> dict[str, Spec]:
    """Every kind of chart, compiled."""
    people = [("active", "@active"), ("engaged", "@engaged")]
    pulls = [("merged", "@all"), ("copilot", "@copilot")]
    kinds = {
        "people-bars": _bars(people),
        "people-line": _lines(people),
        "days-line": _days(people),
        "rate-bars": _bars([("rate", "@rate")], percent=True),
        "rate-line": _lines([("rate", "@rate")], percent=True),
        "credits-bars": _bars([("credits", "@cost")]),
        "credits-line": _lines([("credits", "@cost")]),
        "pulls-bars": _bars(pulls),
        "pulls-line": _lines(pulls),
        "shares": _shares(),
        "ways": _ways(),
        "calendar": _calendar(),
    }
    return {name: compiled(spec) for name, spec in kinds.items()}


def compiled(spec: Spec) -> Spec:
    """A Vega-Lite specification as Vega's."""
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": _HEIGHT,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": 2,
        "config": _CONFIG,
        "data": {"name": "rows"},
        "params": [{"name": "years", "value": []}],
    } | spec
    made: Spec = vl_convert.vegalite_to_vega(whole)
    return made


def _x(start: str = "t", *, bare: bool = False) -> Spec:
    axis = None if bare else _X_AXIS
    return {"field": start, "type": "temporal", "scale": {"type": "utc"}, "axis": axis}


def _y(field: str, *, percent: bool = False) -> Spec:
    scale: Spec = {"domainMin": 0, "nice": True}
    axis: Spec = {"title": None, "tickCount": 4, "tickMinStep": 1, "ticks": False}
    axis["labelExpr"] = "datum.value == 0 ? '0' : format(datum.value, '~s')"
    if percent:
        scale = {"domain": [0, 1]}
        axis |= {"labelExpr": "format(datum.value, '.0%')", "tickMinStep": 0.25}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": axis}


def _hover(name: str = "hovered") -> Spec:
    """A band as high as the chart, so that a value is read anywhere above its date."""
    return {
        "params": [
            {"name": name, "select": {"type": "point", "on": "pointerover", "clear": "pointerout"}}
        ],
        "mark": {"type": "rect", "color": "@ink"},
        "encoding": {
            "x": _x(),
            "x2": {"field": "e"},
            "opacity": {"condition": {"param": name, "empty": False, "value": 0.1}, "value": 0},
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }


def _breaks() -> Spec:
    """Days on which GitHub changed what it counts."""
    return {
        "data": {"name": "breaks"},
        "mark": {"type": "rule", "strokeDash": [3, 3], "color": "@soft", "strokeWidth": 1.5},
        "encoding": {"x": _x(), "tooltip": {"field": "tip", "type": "nominal"}},
    }


def _bars(fields: list[tuple[str, str]], *, percent: bool = False) -> Spec:
    """A bar per date and field, the second inside the first; a part week is pale and dashed."""
    layers = [
        {
            "mark": {"type": "bar", "color": color, "stroke": color},
            "encoding": {
                "x": _x("t" if place == 0 else "t2"),
                "x2": {"field": "e" if place == 0 else "e2"},
                "y": _y(field, percent=percent),
                "y2": {"datum": 0},
                "fillOpacity": {"condition": {"test": "datum.part", "value": 0.35}, "value": 1},
                "strokeWidth": {"condition": {"test": "datum.part", "value": 1}, "value": 0},
                "strokeDash": {"value": [3, 2]},
            },
        }
        for place, (field, color) in enumerate(fields)
    ]
    return {"layer": [*layers, _hover(), _breaks()]}


def _lines(fields: list[tuple[str, str]], *, percent: bool = False) -> Spec:
    """A line per field; a part week is a hollow dot beside the line."""
    layers: list[Spec] = []
    for field, color in fields:
        y = _y(field, percent=percent)
        layers += [
            {
                "transform": [{"filter": "!datum.part"}],
                "mark": {"type": "line", "color": color, "strokeWidth": 2},
                "encoding": {"x": _x("m"), "y": y},
            },
            {
                "transform": [{"filter": f"datum.part && isValid(datum.{field})"}],
                "mark": {"type": "point", "color": color, "size": 45, "filled": False},
                "encoding": {"x": _x("m"), "y": y},
            },
        ]
    return {"layer": [*layers, _hover(), _breaks()]}


def _days(fields: list[tuple[str, str]]) -> Spec:
    """A thin line of days, whose weekends hide the course, under one of the mean of 7 days."""
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "color": color, "strokeWidth": width, "opacity": opacity},
            "encoding": {"x": _x("m"), "y": _y(field + of)},
        }
        for of, width, opacity in (("", 1, 0.35), ("_mean", 2.5, 1))
        for field, color in fields
    ]
    return {"layer": [*layers, _hover(), _breaks()]}


def _category(colors: list[str]) -> Spec:
    return {
        "field": "c",
        "type": "ordinal",
        "scale": {"domain": list(range(len(colors))), "range": colors},
        "legend": None,
    }


def _shares() -> Spec:
    """Parts of each week's whole, which the page's script has stacked."""
    return {
        "mark": {"type": "bar"},
        "encoding": {
            "x": _x(),
            "x2": {"field": "e"},
            "y": _y("from", percent=True),
            "y2": {"field": "to"},
            "color": _category(_SHARE_COLORS),
            "opacity": {"condition": {"test": "datum.part", "value": 0.5}, "value": 1},
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }


def _ways() -> Spec:
    """A line per way of use."""
    return {
        "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 14}},
        "encoding": {
            "x": _x(),
            "y": _y("v"),
            "color": _category(_WAY_COLORS),
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }


def _calendar() -> Spec:
    """A row per report, a rectangle per day in the color of its status."""
    return {
        "height": {"step": 26},
        "mark": {"type": "rect", "stroke": "@card", "strokeWidth": 0.5},
        "encoding": {
            "x": _x(),
            "x2": {"field": "e"},
            "y": {
                "field": "report",
                "type": "nominal",
                "sort": None,
                "scale": {"padding": 0.2},
                "axis": {"title": None, "ticks": False, "labelLimit": 130, "labelColor": "@ink"},
            },
            "color": {
                "field": "s",
                "type": "ordinal",
                "scale": {"domain": list(range(len(_STATUS_COLORS))), "range": _STATUS_COLORS},
                "legend": None,
            },
            "tooltip": {"field": "tip", "type": "nominal"},
        },
    }
