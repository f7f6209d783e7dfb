"""The report in a real browser, where there is one: every chart is drawn, nothing is fetched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from report.__main__ import main
from tests.support.duckdb_tables import write
from tools import pictures

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.drawn_report import Tables

pytestmark = pytest.mark.slow
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def report(sixty_days: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report's file."""
    folder = tmp_path_factory.mktemp("browser")
    write(folder / "copilot.duckdb", sixty_days)
    out = folder / "report.html"
    now = datetime(2026, 11, 26, 9, tzinfo=UTC)
    main(["--duckdb", str(folder / "copilot.duckdb"), "--out", str(out)], now)
    return out


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
def test_every_chart_is_drawn(report: Path, tmp_path: Path, *, dark: bool) -> None:
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--dump-dom", "--virtual-time-budget=8000"),
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            *(["--blink-settings=preferredColorScheme=0"] if dark else []),
            *("--window-size=1280,9000", f"--user-data-dir={tmp_path}", report.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    chart = r'data-kind="(\w+)"[^>]*data-shape="([\w-]+)"[^>]*>(?=.{0,300}<svg)'
    drawn = dict(re.findall(chart, done.stdout))
    assert drawn == {
        "day": "people-bars",
        "week": "people-bars",
        "credits": "credits-bars",
        "ways": "ways",
        "languages": "shares",
        "models": "shares",
        "ides": "shares",
        "rate": "rate-bars",
        "pulls": "pulls-bars",
    }
    assert "<button" in done.stdout[done.stdout.index("<thead") :]
    card = "#1b2226" if dark else "#ffffff"
    assert f'stroke="{card}"' not in done.stdout  # of the calendar, which is folded


@needs_chromium
def test_a_picture_is_taken_of_a_part_of_the_report(report: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    path = tmp_path / "people.png"
    pictures.take(CHROMIUM, report, pictures.Picture("people", "part-0-1", 390, 500), path)
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    assert [int.from_bytes(data[place : place + 4]) for place in (16, 20)] == [390, 500]


def test_pictures_without_a_browser_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
    with pytest.raises(SystemExit) as ended:
        pictures.main()
    assert "apt-get install chromium" in str(ended.value)
