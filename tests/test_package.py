"""What is built holds what it must, and finds its schemas wherever it is run from."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ASK = (
    "from tap_github_copilot import schemas, scopes;"
    "print(len(schemas.load('github_copilot_daily_usages', scopes.Level.ENTERPRISE)['properties']))"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made from it."""
    folder = tmp_path_factory.mktemp("dist")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([str(uv), "build", "--quiet", "--out-dir", str(folder)], cwd=ROOT, check=True)
    return folder


def found_from(*paths: Path, cwd: Path) -> int:
    """How many columns a Python finds that has the package only in these places."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", ASK],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_schemas_are_found_in_a_wheel_made_from_the_sdist(built: Path, tmp_path: Path) -> None:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    assert found_from(tmp_path, cwd=tmp_path) > 50


def test_schemas_are_found_in_a_bare_checkout(built: Path, tmp_path: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    [checkout] = tmp_path.iterdir()
    assert found_from(checkout, cwd=tmp_path) > 50


def test_schemas_are_found_in_an_editable_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 50


def test_the_wheel_holds_the_package_its_schemas_and_nothing_else(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "tap_github_copilot/py.typed" in names
    assert all(name.startswith(("tap_github_copilot/", "tap_github_copilot-")) for name in names)
    assert not [name for name in names if "test" in name or "demo" in name]
