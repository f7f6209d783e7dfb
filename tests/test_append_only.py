"""What a loader that only appends makes of days that are read again, and the view that mends it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.support.daily_usages import ACME, ago, keys_of, read_usages
from tests.support.tap_runs import USAGES, config_for

if TYPE_CHECKING:
    from datetime import date

    from simulator.server import Simulator
    from simulator.world import World

pytestmark = pytest.mark.slow

README = Path(__file__).parents[1] / "docs" / "loaders.md"


def test_the_readmes_view_over_appended_files_has_every_key_once(
    github: Simulator, world: World, today: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME, people=20)
    config = config_for(github, start_date=ago(today, 13))
    files = tmp_path / "output" / f"{USAGES}.jsonl"
    files.parent.mkdir()
    first = read_usages(config, today)
    world.today = tomorrow = today + timedelta(days=1)
    second = read_usages(config, tomorrow, state=first.state)
    with files.open("w") as appended:
        for outcome in (first, second):
            appended.writelines(json.dumps(record) + "\n" for record in outcome.records())
    monkeypatch.chdir(tmp_path)
    [view] = re.findall(r"```sql\n(create view.*?)```", README.read_text(), re.DOTALL)
    with duckdb.connect() as database:
        database.execute(view)
        rows = database.execute(f"select day::varchar, user_id from {USAGES}").fetchall()
        fetched = database.execute(
            f"select day::varchar, strftime(fetched_at, '%Y-%m-%d %H:%M:%S') from {USAGES}"
        ).fetchall()
    assert len(first.records()) + len(second.records()) > len(rows)
    assert sorted(rows) == keys_of(
        list(world.truth(ACME, today - timedelta(days=13), tomorrow).values())
    )
    sent_again = {record["day"] for record in second.records()}
    assert {row for row in fetched if row[0] in sent_again} == {
        (record["day"], record["fetched_at"][:19].replace("T", " ")) for record in second.records()
    }
