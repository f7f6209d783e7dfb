"""A release in a clone of this repository: what it writes, builds and refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The repository as it is committed, with this folder's changes on top."""
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder))
    for name in git(ROOT, "ls-files").splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "as it stands")
    return folder


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def release(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: v for name, v in os.environ.items() if name != "UV_PUBLISH_TOKEN"}
    people = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME",)}
    people |= {f"GIT_{who}_EMAIL": "a@example.org" for who in ("AUTHOR", "COMMITTER")}
    return subprocess.run(
        [sys.executable, "-m", "release", *words],
        cwd=folder,
        env=environment | people,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_release_writes_builds_and_tags(clone: Path) -> None:
    done = release(clone, "9.8.7", "--unpublished", "--untested")
    assert done.returncode == 0, done.stderr
    assert "v9.8.7" in git(clone, "tag", "--list")
    assert git(clone, "status", "--porcelain") == ""
    assert "## Unreleased\n\n## 9.8.7 - 20" in (clone / "CHANGELOG.md").read_text()
    assert 'name = "tap-github-copilot"\nversion = "9.8.7"' in (clone / "uv.lock").read_text()
    built = sorted(path.name for path in (clone / "dist").iterdir() if path.name[0] != ".")
    assert built == ["tap_github_copilot-9.8.7-py3-none-any.whl", "tap_github_copilot-9.8.7.tar.gz"]
    again = release(clone, "9.8.7", "--unpublished", "--untested")
    assert "must be newer than 9.8.7" in again.stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("1.2", "--unpublished"), "VERSION takes three numbers"),
        (("9.8.7",), "UV_PUBLISH_TOKEN is not set"),
    ],
)
def test_a_release_that_is_not_ready_says_why_and_changes_nothing(
    clone: Path, words: tuple[str, ...], line: str
) -> None:
    done = release(clone, *words)
    assert done.returncode == 1
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert git(clone, "status", "--porcelain") == ""


def test_changes_that_are_not_committed_and_an_empty_changelog_are_refused(clone: Path) -> None:
    changelog = clone / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## Unreleased\n")
    words = ("9.8.7", "--unpublished", "--untested")
    assert "has changes" in release(clone, *words).stderr
    git(clone, "commit", "--quiet", "--all", "--message", "empty")
    assert "no entries under Unreleased" in release(clone, *words).stderr
