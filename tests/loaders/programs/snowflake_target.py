"""target-snowflake against a server on loopback: `snowflake_target.py PORT --config …`.

It runs in the environment `snowflake-target`. The target has no setting for the host.
"""

from __future__ import annotations

import sys
from typing import Any

from target_snowflake.connector import SnowflakeConnector
from target_snowflake.target import TargetSnowflake

connect_args = SnowflakeConnector.get_connect_args
address = {
    "host": "127.0.0.1",
    "port": int(sys.argv.pop(1)),
    "protocol": "http",
    "schema": "PUBLIC",
    "network_timeout": 20,
}


def on_loopback(self: SnowflakeConnector) -> dict[str, Any]:
    """The target's own arguments, and where the server is."""
    return {**connect_args(self), **address}


SnowflakeConnector.get_connect_args = on_loopback
TargetSnowflake.cli()
