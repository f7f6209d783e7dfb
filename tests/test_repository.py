"""What a public repository has beside the code: workflows, forms, and what a release fills in."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from tools.release import NotReadyError, fill

ROOT = Path(__file__).parents[1]
CHECK = Path(sys.executable).with_name("check-jsonschema")
ADDRESS = "https://github.com/octo-org/tap-github-copilot"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def check(schema: str, *files: Path) -> None:
    """Check files against a schema that comes with the tool; no network is needed."""
    done = subprocess.run(
        [str(CHECK), "--builtin-schema", schema, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_and_dependabot_are_valid() -> None:
    check("vendor.github-workflows", *WORKFLOWS)
    check("vendor.dependabot", ROOT / ".github" / "dependabot.yml")


def test_issue_forms_are_valid() -> None:
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    check("vendor.github-issue-forms", *(form for form in forms if form.stem != "config"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    used = re.findall(r"uses: (\S+)", workflow.read_text())
    foreign = [name for name in used if not name.startswith("./")]
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name) for name in foreign), foreign


def test_make_targets_of_workflows_and_documents_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    documents = [*WORKFLOWS, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / ".ci" / "run"]
    documents += sorted((ROOT / "docs").glob("*.md"))
    for document in documents:
        named = re.findall(r"(?:`|run: |^)make ([a-z][a-z-]*)", document.read_text(), re.MULTILINE)
        assert set(named) <= targets, f"{document.name}: {set(named) - targets}"


def test_the_modules_that_contributors_are_sent_to_exist() -> None:
    lines = (ROOT / "CONTRIBUTING.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("|") and "tap_github_copilot/" in line]
    assert table
    for row in table:
        folder = ROOT
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", row):
            path = ROOT / name if "/" in name else folder / name
            assert path.exists(), row
            folder = path.parent


def test_links_within_the_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        text = document.read_text()
        for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text):
            path, _, anchor = link.partition("#")
            target = (document.parent / path).resolve() if path else document
            assert target.exists(), f"{document.name}: {link}"
            if anchor:
                headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}
                assert anchor in anchors, f"{document.name}: {link}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is built, with a changelog of one release."""
    folder = tmp_path / "checkout"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for place in ("tap_github_copilot", "schemas"):
        for path in (ROOT / place).rglob("*"):
            if path.suffix in {".py", ".json"} and "__pycache__" not in path.parts:
                copy = folder / path.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    (folder / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 9.8.7 - 2026-12-01\n\n- One thing.\n\n## 0.1.0 - x\n"
    )
    return folder


@pytest.mark.slow
def test_a_release_has_its_version_and_links_that_work_on_pypi(checkout: Path) -> None:
    assert fill(checkout, "v9.8.7", ADDRESS) == "- One thing.\n"
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    assert project["urls"]["Repository"] == ADDRESS
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([str(uv), "build", "--quiet", "--wheel"], cwd=checkout, check=True)
    [wheel] = (checkout / "dist").glob("*.whl")
    assert wheel.name == "tap_github_copilot-9.8.7-py3-none-any.whl"
    with ZipFile(wheel) as content:
        about = content.read("tap_github_copilot-9.8.7.dist-info/METADATA").decode()
    assert f"Project-URL: Repository, {ADDRESS}\n" in about
    links = re.findall(r"\]\(([^)#\s]+)\)", about)
    assert links
    assert [link for link in links if not link.startswith("https://")] == []


@pytest.mark.parametrize(
    ("tag", "address", "why"),
    [
        ("v9.8", ADDRESS, "not a version"),
        ("9.8.7", ADDRESS, "not a version"),
        ("v1.1.1", ADDRESS, "no entries under a heading '## 1.1.1"),
        ("v9.8.7", "octo-org/tap", "not that of a repository"),
    ],
)
def test_a_release_that_is_not_ready_says_why_and_changes_nothing(
    checkout: Path, tag: str, address: str, why: str
) -> None:
    before = (checkout / "pyproject.toml").read_bytes()
    with pytest.raises(NotReadyError, match=re.escape(why)):
        fill(checkout, tag, address)
    assert (checkout / "pyproject.toml").read_bytes() == before
