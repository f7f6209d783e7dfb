"""`make pictures`: take the pictures in docs/pictures from the report that `make demo` drew.

Needs Chromium (`apt-get install chromium`, or CHROMIUM=path of a Chrome); nothing else here
does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "output" / "copilot-adoption.html"
PICTURES = ROOT / "docs" / "pictures"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DARK = "--blink-settings=preferredColorScheme=0"
_LONGEST = 60  # seconds for a picture


@dataclass(frozen=True)
class Picture:
    """A part of the report as it looks in a window.

    Args:
        name: Of the file.
        part: The id of the heading at its top; empty for the top of the page.
        width: Of the window, in pixels.
        height: Of the window, in pixels.
        dark: Whether the reader prefers dark colors.
    """

    name: str
    part: str = ""
    width: int = 1280
    height: int = 1100
    dark: bool = False


_ALL = (
    Picture("report"),
    Picture("report-people", "part-0-1", height=1000),
    Picture("report-use-dark", "part-0-3", dark=True),
    Picture("report-phone", width=390, height=1100),
)


def main() -> None:
    """Take them, or say in one line what is missing."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None or shutil.which(browser) is None:
        sys.exit(
            "The pictures need Chromium: apt-get install chromium, or CHROMIUM=path of a Chrome"
        )
    if not REPORT.is_file():
        sys.exit(f"The pictures show {REPORT.relative_to(ROOT)}: run make demo first")
    PICTURES.mkdir(exist_ok=True)
    for picture in _ALL:
        path = PICTURES / f"{picture.name}.png"
        take(browser, REPORT, picture, path)
        print(f"Wrote {path.relative_to(ROOT)}")


def take(browser: str, report: Path, picture: Picture, path: Path) -> None:
    """Write one picture of a report.

    Raises:
        SystemExit: The browser did not write it; with the end of what it said.
    """
    part = f"#{picture.part}" if picture.part else ""
    # A frame has any width and scrolls to a heading; a headless window does neither.
    frame = (
        "<body style='margin:0'><iframe style='border:0' "
        f"width={picture.width} height={picture.height} src='{escape(report.as_uri())}{part}'>"
    )
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "frame.html"
        page.write_text(frame, encoding="utf-8")
        done = subprocess.run(
            [
                *(browser, "--headless", "--hide-scrollbars", "--virtual-time-budget=5000"),
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                *([_DARK] if picture.dark else []),
                f"--window-size={picture.width},{picture.height}",
                f"--user-data-dir={folder}/profile",
                f"--screenshot={path}",
                page.as_uri(),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST,
        )
    if done.returncode or not path.is_file():
        sys.exit(f"{browser} took no picture: {done.stderr.strip().splitlines()[-1:]}")


if __name__ == "__main__":
    main()
