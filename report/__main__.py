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
    parser.add_argument("--postgres-url", required=True, help="postgresql://… (POSTGRES_URL=…)")
    parser.add_argument("--schema", default="github_copilot", help="of the tap's tables")
    parser.add_argument("--out", type=Path, default=Path("copilot-adoption.html"))
    options = parser.parse_args(arguments)
    url = options.postgres_url.replace("postgresql+psycopg://", "postgresql://", 1)
    if not url.startswith(("postgresql://", "postgres://")):
        sys.exit("POSTGRES_URL must look like postgresql://user:password@host/name")
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            connection.read_only = True
            draw(connection, options.schema, options.out)
    except NoTablesError as missing:
        sys.exit(str(missing))
    except psycopg.OperationalError:
        # Its text can hold the URL, and so a password.
        sys.exit("POSTGRES_URL cannot be used: is the server up, are user and password right?")
    except psycopg.Error as error:
        sys.exit(f"The tables in schema {options.schema} cannot be read: {type(error).__name__}")
    except OSError as error:
        sys.exit(f"--out {options.out} cannot be written: {error.strerror}")
    print(f"Wrote {options.out}")


class NoTablesError(Exception):
    """The schema has none of the tap's tables; one line that says which schemas do."""


def draw(connection: psycopg.Connection, schema: str, out: Path) -> None:
    """Draw the report of a schema's tables into a file.

    Raises:
        NoTablesError: There are none; the file is left as it is.
        psycopg.Error: The database refuses.
        OSError: The file cannot be written.
    """
    models = Models(connection, schema)
    if not models.tables:
        others = ", ".join(models.schemas_with_tables()) or "none; run the pipeline first"
        raise NoTablesError(
            f"Missing: schema {schema} has no table of tap-github-copilot. Schemas that do: "
            f"{others}. Choose with SCHEMA=…"
        )
    found = [figures(models, scope) for scope in scopes(models)]
    out.write_text(page(found, models.names(), datetime.now(UTC)), encoding="utf-8")


if __name__ == "__main__":
    main()
