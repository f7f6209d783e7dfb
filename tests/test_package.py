"""What is built holds what it must, and finds its schemas wherever it is run from."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from demo.pipeline import MELTANO, variables_of
from simulator.world import World
from tests.support.daily_usages import ago
from tests.support.tap_runs import config_for
from tools.__main__ import HUB

if TYPE_CHECKING:
    from simulator.server import Simulator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
ASK = (
    "from tap_github_copilot import schemas, scopes;"
    "schema = schemas.load_schema('github_copilot_daily_usages', scopes.Level.ENTERPRISE);"
    "print(len(schema['properties']))"
)


UV = str(Path(sys.executable).with_name("uv"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([UV, "build", "--quiet", "--out-dir", str(folder)], cwd=ROOT, check=True)
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


def test_the_sdist_holds_what_the_wheel_is_made_from_and_nothing_else(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames() if "/" in name}
    whole = {name for name in names if "/" not in name}
    assert whole == {".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md"} | {
        "pyproject.toml"
    }
    assert {name.partition("/")[0] for name in names - whole} == {"schemas", "tap_github_copilot"}


def test_the_metadata_says_what_an_index_shows(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = archive.read(name).decode()
    for line in (
        "License-Expression: Apache-2.0",
        "Requires-Python: >=3.11",
        "Classifier: Typing :: Typed",
        "Description-Content-Type: text/markdown",
    ):
        assert line in metadata.splitlines()
    assert "meltano_sdk" in metadata


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_wheel_runs_on_every_python_that_it_claims(
    built: Path, tmp_path: Path, github: Simulator, world: World, version: str
) -> None:
    python = _python(version)
    [wheel] = built.glob("*.whl")
    home = tmp_path / "venv"
    _run(UV, "venv", "--quiet", "--python", python, str(home), cwd=tmp_path)
    _run(UV, "pip", "install", "--quiet", "--python", str(home), str(wheel), cwd=tmp_path)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(github, world)))
    tap = str(home / "bin" / "tap-github-copilot")
    messages = _run(tap, "--config", str(config), cwd=tmp_path)
    assert '"type":"RECORD"' in messages
    assert json.loads(_run(tap, "--discover", cwd=tmp_path))["streams"]


def test_meltano_adds_the_extractor_from_the_hubs_file(
    built: Path, tmp_path: Path, github: Simulator, world: World
) -> None:
    [wheel] = built.glob("*.whl")
    definition = tmp_path / "definition.yml"
    definition.write_text(yaml.safe_dump(yaml.safe_load(HUB.read_text()) | {"pip_url": str(wheel)}))
    (tmp_path / "meltano.yml").write_text("send_anonymous_usage_stats: false\n")
    extractor = ["add", "--plugin-type", "extractor", "tap-github-copilot"]
    _run(str(MELTANO), *extractor, "--from-ref", str(definition), cwd=tmp_path)
    variables = variables_of(settings_for(github, world))
    messages = _run(str(MELTANO), "invoke", "tap-github-copilot", cwd=tmp_path, **variables)
    assert '"type":"RECORD"' in messages


def settings_for(github: Simulator, world: World) -> dict[str, Any]:
    """Reads a few days of an enterprise; a process of its own cannot be told another today."""
    world.today = World().today
    world.add("/enterprises/acme")
    return config_for(github, start_date=ago(world.today, 6))


def _python(version: str) -> str:
    """An interpreter of a version; the test is skipped where there is none."""
    places = [UV, "python", "find", version]
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(places, capture_output=True, text=True, check=False, env=environment)
    homes = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    found = done.stdout.strip() or next(map(str, homes), "")
    if not found:
        pytest.skip(f"no Python {version} here")
    return found


def _run(*command: str, cwd: Path, **environment: Any) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "MELTANO_PROJECT_ROOT": str(cwd), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def private_names(path: Path) -> set[str]:
    """The private names of singer_sdk that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("singer_sdk"):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("singer_sdk")}
    return {name for name in found if "._" in name}


def test_one_module_alone_touches_private_names_of_the_sdk() -> None:
    modules = [path for path in (ROOT / "tap_github_copilot").rglob("*.py") if private_names(path)]
    assert modules == [ROOT / "tap_github_copilot" / "sdk.py"]
