"""The loader that the benchmarks load with: target-postgres of MeltanoLabs, as in meltano.yml."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.running import ROOT

if TYPE_CHECKING:
    from demo.postgres import Database

_PROGRAM = ROOT / ".meltano" / "loaders" / "target-postgres" / "venv" / "bin" / "target-postgres"


def install() -> None:
    """Let Meltano install it, once."""
    if not _PROGRAM.exists():
        meltano = Path(sys.executable).with_name("meltano")
        subprocess.run(
            [str(meltano), "install", "target-postgres"], cwd=ROOT, check=True, capture_output=True
        )


def command(folder: Path, database: Database, schema: str) -> str:
    """The command line that loads into a schema.

    Args:
        folder: Where its configuration is written.
        database: A PostgreSQL.
        schema: Names the configuration, too.
    """
    settings = {
        "sqlalchemy_url": database.sqlalchemy_url,
        "validate_records": False,
        "batch_size_rows": 10000,
        "default_target_schema": schema,
    }
    config = folder / f"target-postgres-{schema}.json"
    config.write_text(json.dumps(settings))
    return shlex.join([str(_PROGRAM), "--config", str(config)])
