"""One command from a tested checkout to PyPI: `make release VERSION=0.2.0`.

Refuses a checkout with changes, a version that is not newer and a changelog without
entries; runs `make test`; writes the version and the changelog's heading; builds; commits
and tags; publishes. Needs UV_PUBLISH_TOKEN. With --unpublished it stops before the last.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

_NAME = "tap-github-copilot"
_VERSION = re.compile(r"(?:(?:0|[1-9][0-9]{0,5})\.){2}(?:0|[1-9][0-9]{0,5})")
_UNRELEASED = "## Unreleased\n"


class NotReadyError(Exception):
    """The checkout cannot be released as it is; one line that says why."""


def main() -> None:
    """Release, or say in one line why not."""
    parser = argparse.ArgumentParser(prog="make release", description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--unpublished", action="store_true", help="build and tag, no more")
    parser.add_argument("--untested", action="store_true", help="without `make test`")
    options = parser.parse_args()
    try:
        release(Path.cwd(), options)
    except (NotReadyError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"Not released: {error}")


def release(root: Path, options: argparse.Namespace) -> None:
    """Release the checkout in a folder.

    Raises:
        NotReadyError: It is not ready; nothing was changed.
        CalledProcessError: A step failed; what it changed stands in the checkout.
    """
    version = options.version
    if not options.unpublished and "UV_PUBLISH_TOKEN" not in os.environ:
        raise NotReadyError("UV_PUBLISH_TOKEN is not set: make a token on PyPI, or --unpublished")
    if _run(root, "git", "status", "--porcelain"):
        raise NotReadyError("the checkout has changes: commit them first")
    texts = written(root, version)
    if not options.untested:
        subprocess.run(["make", "test"], cwd=root, check=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    uv = str(Path(sys.executable).with_name("uv"))
    _run(root, uv, "build", "--quiet", "--clear")
    _run(root, "git", "commit", "--quiet", "--message", f"Release {version}", *map(str, texts))
    _run(root, "git", "tag", f"v{version}")
    if not options.unpublished:
        _run(root, uv, "publish")
    say = "Built and tagged" if options.unpublished else "Published"
    print(f"{say} {version}; now: git push --follow-tags origin HEAD v{version}")


def written(root: Path, version: str) -> dict[Path, str]:
    """The files that name the version, as they will be.

    Raises:
        NotReadyError: The version is none, or not newer; or there is nothing to release.
    """
    project, lock, changelog = (root / n for n in ("pyproject.toml", "uv.lock", "CHANGELOG.md"))
    before = re.search(r'^version = "(.*)"$', project.read_text(), re.MULTILINE)
    if before is None or not _VERSION.fullmatch(version):
        raise NotReadyError("VERSION takes three numbers, such as 0.2.0")
    tags = _run(root, "git", "tag", "--list", "v*").splitlines()
    released = [tag[1:] for tag in tags if _VERSION.fullmatch(tag[1:])]
    newest = max([*released, before[1]], key=_numbers)
    is_first = version == newest and newest not in released  # written, but never released
    if not is_first and _numbers(version) <= _numbers(newest):
        raise NotReadyError(f"VERSION must be newer than {newest}")
    head, found, entries = changelog.read_text(encoding="utf-8").partition(_UNRELEASED)
    if not found or not entries.partition("\n## ")[0].strip():
        raise NotReadyError("CHANGELOG.md has no entries under Unreleased")
    heading = f"## {version} - {datetime.now(UTC).date()}\n"
    return {
        project: project.read_text().replace(before[0], f'version = "{version}"', 1),
        lock: lock.read_text().replace(
            f'name = "{_NAME}"\n{before[0]}', f'name = "{_NAME}"\nversion = "{version}"', 1
        ),
        changelog: f"{head}{_UNRELEASED}\n{heading}{entries}",
    }


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _run(root: Path, *command: str) -> str:
    return subprocess.run(
        command, cwd=root, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
