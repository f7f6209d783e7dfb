"""What the state remembers of each partition: its bookmark, its loaded days, whether it is silent.

A partition is one scope of a stream (in the ledger: one scope and report). Its entry in the
Singer state, every key but the first optional:

    {"context": {"enterprise_slug": "acme"},
     "replication_key": "day", "replication_key_value": "2026-11-17",
     "loaded": {"2026-11-19": {"version": "…", "fetched_at": "…", "checked_on": "2026-11-20"}},
     "loaded_on": "2026-11-20",
     "silent": {"on": "2026-11-20", "from": "2025-11-20"}}
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from sys import intern
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STREAM_PREFIX = "github_copilot_"  # of all streams of this tap
REPLICATION_KEY = "day"
_Context = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LoadedDay:
    """A day whose rows were all emitted.

    Args:
        version: Of the report whose rows they were.
        fetched_at: The moment that stands in those rows.
        checked_on: The UTC day of the last run that looked at the report.
    """

    version: str
    fetched_at: str
    checked_on: date


@dataclass(frozen=True)
class Silence:
    """That a scope had no report at all.

    Args:
        on: The UTC day on which its days were sampled.
        first: The first day that the run read.
    """

    on: date
    first: date


class PartitionState:
    """The entry of one partition; it appears in the state with the first thing to remember."""

    __slots__ = ("_aside", "_entry", "_new", "_passed", "_state", "context", "stream")

    def __init__(
        self,
        state: TapState,
        stream: str,
        context: Mapping[str, str],
        entry: dict[str, Any] | None = None,
    ) -> None:
        self.stream = stream
        self.context = context
        self._state = state
        self._entry = entry
        self._aside: dict[str, Any] | None = None
        self._new: set[str] = set()  # days remembered in this run, beyond the bookmark
        self._passed: dict[str, LoadedDay] = {}  # days of earlier runs that it has passed

    @property
    def entry(self) -> dict[str, Any]:
        """The entry itself; an empty one, not in the state, where there is none."""
        return {} if self._entry is None else self._entry

    @property
    def bookmark(self) -> date | None:
        """The last day of the unbroken run of final days."""
        value = self.entry.get("replication_key_value")
        return None if value is None else date.fromisoformat(value)

    @property
    def has_reports(self) -> bool:
        """Whether a day of it was ever loaded or found empty: a bookmark or a loaded day."""
        return self.bookmark is not None or any(True for _ in self.loaded_days())

    @property
    def was_loaded(self) -> bool:
        """Whether GitHub ever gave it."""
        return self.has_reports or self.entry.get("loaded_on") is not None

    def move_bookmark(self, day: date) -> None:
        """Move the bookmark to a day, and forget the days up to it; it never goes back."""
        before = self.bookmark
        if before is not None and day <= before:
            return
        entry = self._writable()
        entry["replication_key"] = REPLICATION_KEY
        entry["replication_key_value"] = day.isoformat()
        self.drop_passed()

    def drop_passed(self) -> None:
        """Forget the loaded days that the bookmark has passed."""
        reached = self.entry.get("replication_key_value") or ""
        for text, found in self._texts():
            if text <= reached:
                stood = self._drop(text)
                if stood and text not in self._new:
                    self._passed[text] = _loaded_day(found)
                self._new.discard(text)

    def loaded(self, day: date) -> LoadedDay | None:
        """What is remembered of a day."""
        text = day.isoformat()
        found = self.entry.get("loaded", {}).get(text) or (self._aside or {}).get(text)
        return None if found is None else _loaded_day(found)

    def needs(self, day: date, version: str, moment: str) -> bool:
        """Whether a version of a day's report is not what was last loaded from it."""
        if (bookmark := self.bookmark) is not None and day <= bookmark:
            return False
        known = self.loaded(day)
        return known is None or (known.version, known.fetched_at) != (version, moment)

    def loaded_days(self) -> Iterator[tuple[date, LoadedDay]]:
        """Every remembered day."""
        for text, found in self._texts():
            yield date.fromisoformat(text), _loaded_day(found)

    def remember(self, day: date, loaded: LoadedDay) -> None:
        """Remember a day whose rows are all out."""
        self.forget(day)
        self._new.add(day.isoformat())
        entry = self._writable()
        # Interned: the same texts stand in the entries of many streams and scopes.
        entry.setdefault("loaded", {})[intern(day.isoformat())] = {
            "version": intern(loaded.version),
            "fetched_at": intern(loaded.fetched_at),
            "checked_on": intern(loaded.checked_on.isoformat()),
        }
        entry["loaded_on"] = loaded.checked_on.isoformat()

    def forget(self, day: date) -> bool:
        """Forget a day; tells whether it stood in the state, and not aside."""
        return self._drop(day.isoformat())

    def had_passed(self, day: date, version: str, moment: str) -> bool:
        """Whether this run's bookmark passed a day of which another version was remembered.

        The last STATE that was written may still hold that version. Tells so once.
        """
        known = self._passed.pop(day.isoformat(), None)
        return known is not None and (known.version, known.fetched_at) != (version, moment)

    def note_loaded(self, today: date) -> None:
        """Remember that GitHub gave it, for a stream without days."""
        self._writable()["loaded_on"] = today.isoformat()

    def set_aside(self) -> None:
        """Take the loaded days out of the state, but go on knowing them."""
        if loaded := self.entry.pop("loaded", None):
            self._aside = loaded

    def put_back(self) -> None:
        """Put back what was set aside."""
        aside, self._aside = self._aside, None
        if aside:
            loaded = self._writable().setdefault("loaded", {})
            loaded.update({text: found for text, found in aside.items() if text not in loaded})

    @property
    def silence(self) -> Silence | None:
        """When its scope was last sampled and had no report at all."""
        found = self.entry.get("silent")
        if found is None:
            return None
        return Silence(date.fromisoformat(found["on"]), date.fromisoformat(found["from"]))

    @silence.setter
    def silence(self, silence: Silence | None) -> None:
        if silence is None:
            self.entry.pop("silent", None)
        else:
            self._writable()["silent"] = {
                "on": silence.on.isoformat(),
                "from": silence.first.isoformat(),
            }

    def _writable(self) -> dict[str, Any]:
        if self._entry is None:
            self._entry = self._state.new_entry(self.stream, self.context)
        return self._entry

    def _texts(self) -> list[tuple[str, Any]]:
        return [*self.entry.get("loaded", {}).items(), *(self._aside or {}).items()]

    def _drop(self, text: str) -> bool:
        if self._aside is not None:
            self._aside.pop(text, None)
        loaded = self.entry.get("loaded", {})
        found = loaded.pop(text, None) is not None
        if found and not loaded:
            del self.entry["loaded"]
        return found


class TapState:
    """The state of the whole tap, by stream and partition.

    The SDK searches the list of partitions for every look-up, which makes a run's cost grow
    with the square of its scopes.

    Args:
        state: As the SDK holds it; it is changed in place.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._raw = state
        self._partitions: dict[tuple[str, _Context], PartitionState] = {}
        self._by_scope: dict[tuple[str, str], list[PartitionState]] = {}
        for stream, bookmark in state.get("bookmarks", {}).items():
            partitions = bookmark.get("partitions", []) if stream.startswith(STREAM_PREFIX) else ()
            for entry in partitions:
                self._add(PartitionState(self, stream, entry["context"], entry)).drop_passed()

    def partition(self, stream: str, context: Mapping[str, str]) -> PartitionState:
        """A partition of a stream."""
        found = self._partitions.get((stream, frozenset(context.items())))
        return found or self._add(PartitionState(self, stream, dict(context)))

    def of_scope(self, scope: Mapping[str, str]) -> list[PartitionState]:
        """All partitions of a scope, in whatever stream."""
        [name] = scope.items()
        return self._by_scope.get(name, [])

    def partitions(self) -> Iterator[PartitionState]:
        """All partitions."""
        yield from self._partitions.values()

    def set_aside(self) -> None:
        """Take all loaded days out of the state for now, but go on knowing them."""
        for partition in self.partitions():
            partition.set_aside()

    def put_back(self) -> None:
        """Put back all that is still aside."""
        for partition in self.partitions():
            partition.put_back()

    def stream_entry(self, stream: str) -> dict[str, Any]:
        """The state of a stream; an empty one, not in the state, where it has none."""
        entry: dict[str, Any] = self._raw.get("bookmarks", {}).get(stream, {})
        return entry

    def new_entry(self, stream: str, context: Mapping[str, str]) -> dict[str, Any]:
        """Add a partition's entry to the state."""
        entry = {"context": dict(context)}
        bookmarks = self._raw.setdefault("bookmarks", {})
        bookmarks.setdefault(stream, {}).setdefault("partitions", []).append(entry)
        return entry

    def _add(self, partition: PartitionState) -> PartitionState:
        key = (partition.stream, frozenset(partition.context.items()))
        first = self._partitions.setdefault(key, partition)
        if first is partition:
            for name in partition.context.items():
                self._by_scope.setdefault(name, []).append(partition)
        return first


def _loaded_day(found: dict[str, Any]) -> LoadedDay:
    checked_on = date.fromisoformat(found["checked_on"])
    return LoadedDay(found["version"], found["fetched_at"], checked_on)
