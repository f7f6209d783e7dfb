"""A Meltano project as a user has it: the README's snippet in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
MELTANO = Path(sys.executable).with_name("meltano")


def snippet() -> dict[str, Any]:
    """The plugins that the README tells to add to meltano.yml."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", readme, re.DOTALL | re.MULTILINE)
    found = [yaml.safe_load(textwrap.dedent(block)) for block in blocks]
    [plugins] = [b for b in found if isinstance(b, dict) and "extractors" in b.get("plugins", {})]
    return dict(plugins)


@dataclass
class MeltanoProject:
    """A project that runs the tap of this checkout.

    Args:
        folder: Empty.
        plugins: What stands under `plugins`, as in the README.
        variables: Environment variables of every command.
        installed: Where plugins are installed, for all projects that name this folder.
    """

    folder: Path
    plugins: dict[str, Any]
    variables: dict[str, str]
    installed: Path

    def __post_init__(self) -> None:
        for kind in ("extractors", "loaders"):
            (self.installed / kind).mkdir(exist_ok=True)
            link = self.folder / ".meltano" / kind
            link.parent.mkdir(exist_ok=True)
            if not link.exists():
                link.symlink_to(self.installed / kind)
        plugins = {kind: [dict(each) for each in every] for kind, every in self.plugins.items()}
        [tap] = plugins["extractors"]
        tap["pip_url"] = f"-e {ROOT}"
        project = {
            "default_environment": "dev",
            "environments": [{"name": "dev"}],
            "send_anonymous_usage_stats": False,
            "cli": {"disable_version_check": True},
            "plugins": plugins,
        }
        (self.folder / "meltano.yml").write_text(yaml.safe_dump(project, sort_keys=False))

    @property
    def environment(self) -> dict[str, str]:
        """The variables of every command; the Hub is nowhere."""
        ours = ("TAP_GITHUB_COPILOT_", "MELTANO_")
        outer = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {
            **outer,
            "MELTANO_PROJECT_ROOT": str(self.folder),
            "MELTANO_HUB_URL": "http://127.0.0.1:9",
            "NO_COLOR": "1",
            **self.variables,
        }

    def meltano(self, *words: str, **variables: str) -> str:
        """Run a command of Meltano; what it printed on stdout."""
        done = subprocess.run(
            [MELTANO, *words],
            cwd=self.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-5000:]
        return done.stdout
