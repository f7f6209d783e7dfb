"""Seeded schedules: runs over moving days, with faults and kills between them, into a database."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from simulator.server import Simulator
from simulator.world import World
from tap_github_copilot.github.temporary_files import DiskBuffer
from tests.soak.checks import check_interrupted, check_run, check_tables
from tests.soak.expected import STREAMS, History, Place, Stage, bookmarks
from tests.soak.interrupted import interrupted_run
from tests.soak.random_faults import Day, Mischief
from tests.support.sqlite_loader import Database
from tests.support.tap_runs import config_for, run_tap

if TYPE_CHECKING:
    from datetime import date

    from simulator.places import Files
    from tests.support.tap_runs import Outcome

BEGINNING = datetime(2026, 11, 9, 6, tzinfo=UTC)
NAMES = ("acme", "busy", "corp")
FAR = BEGINNING.date() + timedelta(days=1000)
FEW = 25
SIGNALED = 0.06  # of the runs are ended by a signal, sent twice to a process of its own
SMALL_DISKS = 0.4  # of the runs find no room for reports that later streams read
Message = dict[str, Any]


@dataclass
class Schedule:
    """One schedule; all of it follows from its seed.

    Args:
        seed: Decides everything.
        now: When the next run starts.
        states: The states that led to where it stands, the present one last.
        tally: What there was so far.
    """

    seed: int
    tally: Counter[str] = field(default_factory=Counter)
    now: datetime = BEGINNING
    states: list[dict[str, Any]] = field(default_factory=list)
    history: History = field(default_factory=dict)
    unseen: set[tuple[Place, date]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = chance = Random(f"soak {self.seed}")
        self.settle_days = chance.randint(3, 6)
        self.late_report_days = self.settle_days + chance.randint(0, 6)
        self.first = self.now.date() - timedelta(days=chance.randint(5, 15))
        self.streams = tuple(s for s in STREAMS if chance.random() < 0.5) or STREAMS
        lag = chance.randint(1, min(3, self.settle_days - 2))  # rebuilt three times, then settled
        self.world = World(today=self.now.date(), lag=lag, shards=chance.randint(1, 3))
        self.appends = chance.random() < 0.4
        level = chance.choice(("enterprises", "orgs"))
        for name in NAMES[: chance.randint(1, 3)]:
            place = self.world.add(f"/{level}/{name}", chance.randint(2, 6))
            if chance.random() < 0.1:
                place.open_since = FAR

    def run(self) -> None:
        """All runs, and what must hold after each of them and in the end.

        Raises:
            AssertionError: The tap broke a promise.
        """
        with Simulator(self.world) as github, closing(Database(appends=self.appends)) as database:
            self.github, self.database = github, database
            self.mischief = Mischief(
                self.chance,
                self.world,
                github.faults,
                self.first,
                self.settle_days,
                self.late_report_days,
            )
            held = (self.world.today - self.first).days
            self.mischief.hold_back([self.first + timedelta(days=n) for n in range(held)])
            for _ in range(self.chance.randint(2, 5)):
                self._run_and_kill()
                if self.chance.random() < SIGNALED:
                    self._run_and_signal()
                self._move_on()
            self._run_clean()

    def _run_and_kill(self) -> None:
        """A run with faults, of which the loader may see but a beginning."""
        paths = self._some(tuple(self.world.scopes), 0.9)
        self.mischief.plan(paths, self.now, most=self.chance.choice((0, 8, 30)))
        stage = self._stage(paths, self._some(self.streams, 0.8))
        rebuilt = self.mischief.rebuilt_during_run(self.chance.choice((0, 8, 16)))
        messages, whole = self._run_while_rebuilding(stage, rebuilt), True
        if self.chance.random() < 0.4:
            messages, whole = messages[: self.chance.randint(0, len(messages))], False
            self.tally["kills"] += 1
        self._load(messages)
        if whole and not self.mischief.met:
            check_tables(stage, self.database)
        self.states = self._kept()
        if self.states:
            check_tables(stage, self.database, upto=bookmarks(stage, self.states[-1]))

    def _run_and_signal(self) -> None:
        """A run without faults that a doubled signal ends, and whose loader sees all of it."""
        paths = self._some(tuple(self.world.scopes), 0.9)
        self.mischief.plan((), self.now, most=0)
        stage = self._stage(paths, self._some(self.streams, 0.8))
        messages = interrupted_run(
            self._config(stage), stage.state, stage.streams, self.now, self.chance
        )
        self.tally["signaled"] += 1
        check_interrupted(stage, messages)
        self._load(messages)
        if self.states:
            check_tables(stage, self.database, upto=bookmarks(stage, self.states[-1]))

    def _run_clean(self) -> None:
        """The last run, when all days have settled: nothing is missing any more."""
        last = self.world.today - timedelta(days=1)
        self._move_on(self.late_report_days + 1)
        self.mischief.plan((), self.now, most=0)
        for place in self.world.scopes.values():
            place.open_since = self.first
        stage = self._stage(tuple(self.world.scopes), self.streams, last)
        self._load(self._checked(stage, self._run(stage, end_date=last.isoformat())))
        check_tables(stage, self.database)
        reached = bookmarks(stage, self.states[-1])
        assert all(reached[place] == last for place in stage.places())

    def _run_while_rebuilding(self, stage: Stage, rebuilt: dict[Day, Files]) -> list[Message]:
        """A run in which some reports are others from the second time on that they are asked for.

        On a small disk no report is kept for the streams that read it later.
        """
        files, asked = self.world.files, Counter[Day]()

        def rebuilding(path: str, report: str, day: date) -> Files | None:
            key = (path, report, day)
            asked[key] += 1
            if key in rebuilt and asked[key] == 2:
                self.world.put[key] = rebuilt[key]
                self.tally["rebuilt while read"] += 1
            return files(path, report, day)

        for key in rebuilt:
            stage.restated[key] = files(*key) or []
        with ExitStack() as machine:
            machine.enter_context(patch.object(self.world, "files", rebuilding))
            if self.chance.random() < SMALL_DISKS:
                machine.enter_context(patch.object(DiskBuffer, "keep", lambda *_: None))
            outcome = self._run(stage)
        return self._checked(stage, outcome)

    def _config(self, stage: Stage, **settings: Any) -> dict[str, Any]:
        config = config_for(
            self.github,
            start_date=self.first.isoformat(),
            settle_days=self.settle_days,
            late_report_days=self.late_report_days,
            concurrency=self.chance.choice((1, 2, 4, 8)),
            **settings,
        )
        level = "enterprises" if "enterprises" in config else "organizations"
        config[level] = [path.rsplit("/", 1)[1] for path in stage.paths]
        return config

    def _run(self, stage: Stage, **settings: Any) -> Outcome:
        config = self._config(stage, **settings)
        with patch("tests.support.tap_runs.NOON", self.now.timetz()):
            return run_tap(config, stage.today, state=stage.state, streams=stage.streams)

    def _checked(self, stage: Stage, outcome: Outcome) -> list[Message]:
        """The messages of a run that kept its promises."""
        self.tally["runs"] += 1
        self.tally["failed runs"] += outcome.code
        self.tally["faults met"] += self.mischief.met
        self.now = outcome.clock.now()
        check_run(stage, outcome, disturbed=bool(self.mischief.met))
        return outcome.messages

    def _load(self, messages: list[dict[str, Any]]) -> None:
        self.database.load(messages)
        self.tally["messages loaded"] += len(messages)
        self.states += [m["value"] for m in messages if m["type"] == "STATE"]

    def _kept(self) -> list[dict[str, Any]]:
        """What is left of the states that led here: all, an older one and before, or none."""
        chance = self.chance.random()
        if chance < 0.1:
            return []
        older = chance < 0.3
        return self.states[: self.chance.randint(0, len(self.states))] if older else self.states

    def _move_on(self, days: int | None = None) -> None:
        """Some hours or days pass, and GitHub goes on."""
        before = self.world.today
        if days is None:
            days = self.chance.choice((0, 0, 1, 1, 1, 1, 2, 3, 7))
        self.now += timedelta(days=days, hours=self.chance.randint(1, 5))
        self.world.today = self.now.date()
        days = (self.world.today - before).days
        self.mischief.hold_back([before + timedelta(days=n) for n in range(days)])
        self.mischief.change(before)
        if self.chance.random() < 0.3:
            for place in self.world.scopes.values():
                place.open_since = self.first

    def _some(self, things: tuple[str, ...], share: float) -> tuple[str, ...]:
        return tuple(t for t in things if self.chance.random() < share) or things

    def _stage(
        self, paths: tuple[str, ...], streams: tuple[str, ...], last: date | None = None
    ) -> Stage:
        return Stage(
            world=self.world,
            today=self.world.today,
            first=self.first,
            last=last or self.world.today - timedelta(days=1),
            settle_days=self.settle_days,
            late_report_days=self.late_report_days,
            paths=paths,
            streams=streams,
            state=self.states[-1] if self.states else {},
            unreported=frozenset(self.mischief.unreported),
            history=self.history,
            unseen=self.unseen,
        )
