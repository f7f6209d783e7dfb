"""Draw the adoption report from the tap's tables in PostgreSQL or DuckDB."""

from __future__ import annotations

import argparse
import math
import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from report.databases import DatabaseError, duckdb_file, postgres
from report.headlines import headlines
from report.models import Models
from report.page import page
from report.scope_figures import Options, ScopeFigures, all_figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from report.databases import Warehouse


def main(arguments: Sequence[str] | None = None, now: datetime | None = None) -> None:
    """Draw it, or say in one line why not."""
    options = _parser().parse_args(arguments)
    price, names = _seat_price(options.seat_price), _is_wanted(options.names)
    chosen = Options(now or datetime.now(UTC), price, names)
    try:
        with _opened(options.postgres_url, options.duckdb) as warehouse:
            found = draw(warehouse, options.schema, options.out, chosen)
    except DatabaseError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"--out {options.out} cannot be written: {error.strerror}")
    try:
        print(*headlines(found), f"Wrote {options.out}", sep="\n", flush=True)
    except BrokenPipeError:  # `make report | head`: the file is written all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def draw(warehouse: Warehouse, schema: str, out: Path, options: Options) -> list[ScopeFigures]:
    """Draw the report of a schema's tables into a file; returns what stands in it.

    Raises:
        DatabaseError: The tables are not there or cannot be read; the file is left as it is.
        OSError: The file cannot be written.
    """
    found = all_figures(Models(warehouse, schema), options)
    out.write_text(page(found, options), encoding="utf-8")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make report", description=__doc__)
    parser.add_argument("--postgres-url", default="", help="postgresql://… (POSTGRES_URL=…)")
    parser.add_argument("--duckdb", default="", help="a DuckDB file instead (DUCKDB=…)")
    parser.add_argument("--schema", default="github_copilot", help="of the tap's tables (SCHEMA=…)")
    parser.add_argument("--out", type=Path, default=Path("copilot-adoption.html"), help="(OUT=…)")
    parser.add_argument("--seat-price", default="", help="USD per seat and month (SEAT_PRICE=…)")
    parser.add_argument(
        "--names", default="", help="name the people whose seats are idle (NAMES=1)", metavar="1"
    )
    return parser


@contextmanager
def _opened(url: str, path: str) -> Iterator[Warehouse]:
    """The database that was named.

    Raises:
        DatabaseError: Both were, or none, or it refuses.
    """
    if bool(url) == bool(path):
        raise DatabaseError(
            "Say where the tables are: POSTGRES_URL=postgresql://user:password@host/name, or "
            "DUCKDB=file" + (", not both" if url else "")
        )
    with duckdb_file(Path(path)) if path else postgres(url) as warehouse:
        yield warehouse


def _is_wanted(text: str) -> bool:
    """Whether an option such as NAMES=1 asks for something."""
    return text.strip().lower() not in {"", "0", "no", "false"}


def _seat_price(text: str) -> float | None:
    """The price as a number; None if none was given."""
    if not text:
        return None
    try:
        price = float(text)
    except ValueError:
        price = -1
    if not (math.isfinite(price) and price >= 0):
        sys.exit(f"SEAT_PRICE must be USD per seat and month, such as 19 or 39.50, not {text!r}")
    return price


if __name__ == "__main__":
    main()
