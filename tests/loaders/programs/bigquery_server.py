"""A BigQuery on loopback: bqemulator, with two things that BigQuery does and 1.4.0 does not.

`python bigquery_server.py start --rest-port N --grpc-port M` in the environment
`bigquery-server`; it writes `grpc.listen` to its log once it answers.

- `MERGE … UPDATE SET target.x = …`: DuckDB, which runs it, takes no table before the column.
- A gzipped upload is unpacked.

It starts without DuckDB's `spatial`, which it would download: no table here has geography.
"""

from __future__ import annotations

import gzip
import re
from typing import Any

from bqemulator.cli import main
from bqemulator.jobs.upload_session_manager import UploadSessionManager
from bqemulator.sql.translator import SQLTranslator
from bqemulator.storage.engine import DuckDBEngine

translate, append = SQLTranslator.translate, UploadSessionManager.append


def translated(self: SQLTranslator, statement: str, **options: Any) -> Any:
    """A statement as DuckDB takes it."""
    if statement.lstrip().upper().startswith("MERGE"):
        statement = re.sub(r"(UPDATE SET |, )target\.(`\w+`) = ", r"\1\2 = ", statement)
    return translate(self, statement, **options)


def unpacked(self: UploadSessionManager, *arguments: Any, **options: Any) -> Any:
    """A session of an upload, its file unpacked once it is whole."""
    session, complete = append(self, *arguments, **options)
    if complete and (content := session.staging_path.read_bytes()).startswith(b"\x1f\x8b"):
        session.staging_path.write_bytes(gzip.decompress(content))
    return session, complete


SQLTranslator.translate, UploadSessionManager.append = translated, unpacked
DuckDBEngine._load_spatial = lambda _: None
main()
