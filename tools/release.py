"""Fill in what a release knows and the repository does not: its version and its public address.

`python -m tools.release v1.2.3 https://github.com/OWNER/REPOSITORY`, run by the release
workflow in its own checkout before it builds. Nothing of it is committed.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from tools import plugin
from tools.__main__ import HUB, ROOT

_TAG = re.compile(r"v((?:(?:0|[1-9][0-9]*)\.){2}(?:0|[1-9][0-9]*))", re.ASCII)
_ADDRESS = re.compile(r"https://[^\s/]+/[\w.-]+/[\w.-]+", re.ASCII)
_RELATIVE_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#|mailto:)([^)\s]+)\)")


class NotReadyError(Exception):
    """The checkout cannot be released as this version; one line that says why."""


def main() -> None:
    """Write the files, or say in one line why not."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("tag", help="v1.2.3")
    parser.add_argument("address", help="the repository's page")
    parser.add_argument("--notes", type=Path, help="write this version's part of the changelog")
    options = parser.parse_args()
    try:
        notes = fill(ROOT, options.tag, options.address)
    except NotReadyError as error:
        sys.exit(f"Not released: {error}")
    HUB.write_text(plugin.definition_document(), encoding="utf-8")
    if options.notes:
        options.notes.parent.mkdir(parents=True, exist_ok=True)
        options.notes.write_text(notes, encoding="utf-8")


def fill(root: Path, tag: str, address: str) -> str:
    """Write version and addresses into pyproject.toml and README.md.

    PyPI shows the README without the repository around it, so its relative links become
    links into the repository at the tag.

    Returns:
        The version's part of the changelog.

    Raises:
        NotReadyError: The tag names no version, or the changelog does not know it.
    """
    found = _TAG.fullmatch(tag)
    if found is None:
        raise NotReadyError(f"the tag {tag} is not a version such as v1.2.3")
    if not _ADDRESS.fullmatch(address):
        raise NotReadyError("the address is not that of a repository")
    notes = _notes((root / "CHANGELOG.md").read_text(encoding="utf-8"), found[1])
    project, readme = root / "pyproject.toml", root / "README.md"
    text = re.sub(
        r'^version = ".*"$',
        f'version = "{found[1]}"',
        project.read_text(encoding="utf-8"),
        count=1,
        flags=re.MULTILINE,
    )
    urls = {
        "Homepage": address,
        "Repository": address,
        "Documentation": f"{address}/tree/{tag}/docs",
        "Changelog": f"{address}/blob/{tag}/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }
    lines = "\n".join(f'{name} = "{url}"' for name, url in urls.items())
    text = text.replace(
        "\n[project.scripts]\n", f"\n[project.urls]\n{lines}\n\n[project.scripts]\n"
    )
    project.write_text(text, encoding="utf-8")
    readme.write_text(
        _RELATIVE_LINK.sub(
            lambda link: (
                f"{link[1]}[{link[2]}]({address}/{'raw' if link[1] else 'blob'}/{tag}/{link[3]})"
            ),
            readme.read_text(encoding="utf-8"),
        ),
        encoding="utf-8",
    )
    return notes


def _notes(changelog: str, version: str) -> str:
    _, heading, rest = changelog.partition(f"\n## {version} - ")
    notes = rest.partition("\n## ")[0].partition("\n")[2].strip()
    if not heading or not notes:
        raise NotReadyError(
            f"CHANGELOG.md has no entries under a heading '## {version} - YYYY-MM-DD': rename "
            "Unreleased, commit, and tag again"
        )
    return notes + "\n"


if __name__ == "__main__":
    main()
