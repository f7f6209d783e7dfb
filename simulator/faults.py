"""Faults on request: what goes wrong where, and how often."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.wire import Sent

FOR_EVER = 1_000_000


@dataclass
class Fault:
    """One thing that goes wrong.

    Args:
        where: Regular expression, searched in `GET /path?query` of an API call and in
            `FILE /path` of a download.
        status: Answer with this status instead.
        body: And with this body (JSON, or bytes as they are).
        headers: And with these headers.
        delay: Seconds before anything happens.
        reset: Abort the connection; for a file, in the middle of its body.
        keep: Send only so many bytes of a file, under the full length.
        change: Replace a file's bytes (old, new).
        wire: Sends the content of the file or of the answer in another way; see `simulator.wire`.
        after: Let so many matching calls pass first.
        times: How often.
    """

    where: str
    status: int = 0
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False
    keep: int | None = None
    change: tuple[bytes, bytes] | None = None
    wire: Callable[[bytes], Sent] | None = None
    after: int = 0
    times: int = 1

    @property
    def is_harmless(self) -> bool:
        """Whether nothing happens to the content of a file."""
        return not (self.reset or self.change or self.wire) and self.keep is None


class Faults:
    """The faults still to come; the first that matches a call is used up by it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, where: str, **what: Any) -> Fault:
        """Plan a fault; see `Fault`."""
        fault = Fault(where, **what)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, call: str) -> Fault | None:
        """The fault that this call meets, if any."""
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and re.search(fault.where, call):
                    if fault.after > 0:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None
