"""Draw the adoption report: `python -m report --postgres-url postgresql://… --schema …`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from report.models import Models
from report.page import page
from report.scope_figures import figures, scopes

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw it, or say in one line why not."""
    parser = argparse.ArgumentParser(prog="make report", description=__doc__)
    parser.add_argument("--postgres-url", required=True, help="postgresql://user@host/name")
    parser.add_argument("--schema", default="github_copilot", help="of the tap's tables")
    parser.add_argument("--out", type=Path, default=Path("copilot-adoption.html"))
    options = parser.parse_args(arguments)
    try:
        with psycopg.connect(options.postgres_url, connect_timeout=10) as connection:
            connection.read_only = True
            draw(connection, options.schema, options.out)
    except psycopg.Error as error:
        # Its text can hold the URL, and so a password.
        sys.exit(f"--postgres-url cannot be used: {type(error).__name__}; is the server up?")
    except OSError as error:
        sys.exit(f"--out {options.out} cannot be written: {error.strerror}")
    print(f"Wrote {options.out}")


def draw(connection: psycopg.Connection, schema: str, out: Path) -> None:
    """Draw the report of a schema's tables into a file.

    Raises:
        psycopg.Error: The database refuses.
        OSError: The file cannot be written.
    """
    models = Models(connection, schema)
    found = [figures(models, scope) for scope in scopes(models)]
    out.write_text(page(found, models.names(), datetime.now(UTC)), encoding="utf-8")


if __name__ == "__main__":
    main()
