"""What `--check` prints: a line per endpoint, then each hint once, then the lines for curl."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from tap_github_copilot.endpoints import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_github_copilot.check import Check, Finding
    from tap_github_copilot.endpoints import Endpoint

WIDTH = 100
_HEAD = ("scope", "endpoint", "result", "what to do")
_LONGEST_CODE = len("invalid_permissions")
_QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)")
_HARD_SPACE = "\u00a0"


class CheckTable:
    """Turns findings into lines, each as soon as it can be printed.

    Args:
        check: Finds.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self._hints: dict[str, int] = {}
        self.findings: list[Finding] = []

    @property
    def refused(self) -> int:
        """How many findings a run would fail over."""
        return sum(finding.fatal for finding in self.findings)

    def lines(self) -> Iterator[str]:
        """All lines of the output; those of the table are at most 100 columns wide."""
        scopes, names = self._widths()
        form = f"{{:{scopes}}}  {{:{names}}}  {{:{_LONGEST_CODE}}}  {{}}"
        yield form.format(*_HEAD).rstrip()
        yield "  ".join("-" * n for n in (scopes, names, _LONGEST_CODE, len(_HEAD[3])))
        for finding in self._check.findings():
            self.findings.append(finding)
            cells = (_scope(finding.endpoint, scopes), _name(finding.endpoint), finding.code)
            yield form.format(*cells, self._to_do(finding)).rstrip()
        yield from self._hint_lines()
        yield from ("", "by hand, with a credential of yours in place of the word in capitals:", "")
        yield from (self._check.by_hand(finding.endpoint) for finding in self.findings)

    def _widths(self) -> tuple[int, int]:
        """The widths of the columns for scope and endpoint."""
        planned = self._check.planned()
        names = _widest(_name, planned, _HEAD[1])
        most = WIDTH - names - _LONGEST_CODE - len("  " * 3) - len(_HEAD[3])
        return min(most, _widest(lambda e: _scope(e, WIDTH), planned, "the App")), names

    def _to_do(self, finding: Finding) -> str:
        """A number that stands before the hint."""
        if not finding.to_do:
            return ""
        return f"see {self._hints.setdefault(finding.to_do, len(self._hints) + 1)}"

    def _hint_lines(self) -> Iterator[str]:
        for hint, number in self._hints.items():
            whole = _QUOTED.sub(lambda quoted: quoted[0].replace(" ", _HARD_SPACE), hint)
            yield ""
            for line in textwrap.wrap(
                whole,
                WIDTH,
                initial_indent=f"{number}. ",
                subsequent_indent="   ",
                break_long_words=False,
                break_on_hyphens=False,
            ):
                yield line.replace(_HARD_SPACE, " ")


def _name(endpoint: Endpoint) -> str:
    """An endpoint without scope and query: `reports/users-1-day`, `copilot/billing/seats`."""
    if endpoint.scope is None:
        return endpoint.path
    if endpoint.kind is Kind.ACCOUNT:
        return "account"
    path = endpoint.path.split("/", 3)[3]
    return path.removeprefix("copilot/metrics/").removeprefix("settings/")


def _scope(endpoint: Endpoint, width: int) -> str:
    """The scope's name in at most so many columns; whole in the line for curl."""
    text = str(endpoint.scope or "the App")
    if len(text) > width and endpoint.scope:
        text = endpoint.scope.name
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _widest(text: Callable[[Endpoint], str], planned: Iterable[Endpoint], least: str) -> int:
    return max(map(len, (*map(text, planned), least)))
