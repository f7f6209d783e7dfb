"""The simulated GitHub's two ports: its API, and the host of its signed download links."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import threading
import time
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from aiohttp import web

from simulator import billing, seats
from simulator.access import Access
from simulator.faults import Fault, Faults
from simulator.wire import send

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from simulator.places import Place, Truth

_SIGNING_KEY = b"the simulated blob store's own"
_PIECE = 1024**2  # bytes of a file that are sent at once


@dataclass(frozen=True)
class Seen:
    """A call that came in."""

    call: str
    authorization: str
    at: float
    api_version: str


@dataclass
class Simulator:
    """Serves a world until it is closed; use it in a `with`.

    Args:
        world: What is true.
        link_life: Seconds that a download link is good for.
        latency: Seconds before each answer of the API, and of the download host.
        port: Of the API; 0 is any free one.
        bytes_sent: Bytes of large files that went out.
        files: The files served, by path.
    """

    world: Truth
    link_life: float = 3600.0
    latency: tuple[float, float] = (0.0, 0.0)
    port: int = 0
    access: Access = field(default_factory=Access)
    faults: Faults = field(default_factory=Faults)
    seen: list[Seen] = field(default_factory=list)
    url: str = ""
    link_url: str = ""
    busy: int = 0
    most_busy: int = 0
    bytes_sent: int = 0
    _files: dict[str, bytes] = field(default_factory=dict)

    def __enter__(self) -> Self:
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        if not started.wait(10) or not self.url:
            raise RuntimeError(f"the simulated GitHub cannot listen on port {self.port}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def calls(self, start: str = "GET ") -> list[str]:
        """The calls so far that begin like this."""
        return [seen.call for seen in self.seen if seen.call.startswith(start)]

    def days_asked(self, path: str, report: str = "users-1-day") -> list[str]:
        """The days for which a report was asked, in the order of the calls."""
        start = f"GET {path}/copilot/metrics/reports/{report}?day="
        return [call.removeprefix(start) for call in self.calls(start)]

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        runners: list[web.AppRunner] = []
        try:
            files = self._loop.run_until_complete(self._listen(self._file, 0, runners))
            self.link_url = f"http://127.0.0.1:{files}"
            api = self._loop.run_until_complete(self._listen(self._call, self.port, runners))
            self.url = f"http://127.0.0.1:{api}"
        except OSError:
            return  # the port is taken
        finally:
            started.set()
        self._loop.run_forever()
        for runner in runners:
            self._loop.run_until_complete(runner.cleanup())
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _listen(
        self, handler: Callable[..., object], port: int, runners: list[web.AppRunner]
    ) -> int:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)  # type: ignore[arg-type]
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        return int(runner.addresses[0][1])

    async def _call(self, request: web.Request) -> web.StreamResponse:
        call = f"{request.method} {request.path_qs}"
        self._note(call, request)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            await asyncio.sleep(self.latency[0])
            fault = self.faults.take(call)
            if fault and (answer := await _failing(fault, request)):
                return answer
            answer = (
                self.access.app.answer(request, self.url)
                or self.access.refusal(request)
                or self._answer(request)
            )
            return await _wired(fault, request, answer) if fault and fault.wire else answer
        finally:
            self.busy -= 1

    def _answer(self, request: web.Request) -> web.Response:
        path = request.path.lower()
        if path in self.world.scopes:
            place = self.world.scopes[path]
            return web.json_response({"login": place.name, "id": place.number})
        seated = self.world.scopes.get(path.removesuffix(seats.PATH))
        if seated is not None:
            return seats.page(seated, self.world.today, request, self.url)
        billed = self.world.scopes.get(billing.scope_of(path) or "")
        if billed is not None:
            return billing.answer(self.world, billed, {**request.query})
        scope, _, report = path.partition("/copilot/metrics/reports/")
        place_ = self.world.scopes.get(scope)
        if place_ is None or not report:
            return not_found()
        if report == "users-28-day/latest":
            return self._recent(place_)
        return self._report(place_, report, request.query.get("day", ""))

    def _report(self, place: Place, report: str, day_text: str) -> web.Response:
        try:
            day = date.fromisoformat(day_text)
        except ValueError:
            return web.json_response({"message": "Invalid day", "status": "422"}, status=422)
        files = self.world.files(place.path, report, day)
        if files is None:
            if place.path.startswith("/orgs/"):
                return web.Response(status=204)
            return web.json_response({"download_links": [], "report_day": day_text})
        links = [
            self._link(f"{place.path}/{report}/green/v1/{day_text}/part-{number:05}.json", file)
            for number, file in enumerate(files)
        ]
        return web.json_response({"download_links": links, "report_day": day_text})

    def _recent(self, place: Place) -> web.Response:
        if not self.world.has_recent(place.path):
            return web.Response(status=204)
        # A reader needs to know no more than whether there are rows.
        links = [self._link(f"{place.path}/users-28-day/part-00000.json", b'{"user_id":1}\n')]
        days = {"report_start_day": "2026-01-01", "report_end_day": "2026-01-28"}
        return web.json_response({"download_links": links, **days})

    def _link(self, path: str, content: bytes) -> str:
        self._files[path] = content
        expires = f"{time.time() + self.link_life:.3f}"
        query = urlencode({"sv": "2025-05-05", "se": expires, "sig": _signature(path, expires)})
        return f"{self.link_url}{path}?{query}"

    async def _file(self, request: web.Request) -> web.StreamResponse:
        call = f"FILE {request.path}"
        self._note(call, request)
        await asyncio.sleep(self.latency[1])
        fault = self.faults.take(call) or Fault("")
        if (fault.status or fault.delay) and (answer := await _failing(fault, request)):
            return answer
        if "Authorization" in request.headers:
            return web.Response(status=400, text="InvalidAuthenticationInfo")
        expires = request.query.get("se", "0")
        good = hmac.compare_digest(request.query.get("sig", ""), _signature(request.path, expires))
        if not good or float(expires) < time.time():
            return web.Response(status=403, text="AuthenticationFailed: Signature did not match")
        content = self._files[request.path]
        if len(content) > _PIECE and fault.is_harmless:
            return await self._send_in_pieces(request, content)
        return await _send(request, content, fault)

    async def _send_in_pieces(self, request: web.Request, content: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):  # whoever reads it may have seen enough
            for start in range(0, len(content), _PIECE):
                await response.write(content[start : start + _PIECE])
                self.bytes_sent += _PIECE
        return response

    def _note(self, call: str, request: web.Request) -> None:
        headers = request.headers
        authorization = headers.get("Authorization", "")
        version = headers.get("X-GitHub-Api-Version", "")
        self.seen.append(Seen(call, authorization, time.monotonic(), version))


def not_found() -> web.Response:
    """GitHub's plain 404."""
    return web.json_response({"message": "Not Found", "status": "404"}, status=404)


async def _wired(fault: Fault, request: web.Request, answer: web.Response) -> web.Response:
    """Send an answer of the API in another way."""
    content = answer.body if isinstance(answer.body, bytes) else b""
    if fault.wire:
        await send(request, fault.wire(content), answer.status)
    return web.Response()


async def _send(request: web.Request, content: bytes, fault: Fault) -> web.StreamResponse:
    if fault.change:
        content = content.replace(*fault.change, 1)
    if fault.wire:
        await send(request, fault.wire(content))
        return web.Response()
    whole = not fault.reset and fault.keep is None
    if whole:
        return web.Response(body=content, content_type="application/octet-stream")
    response = web.StreamResponse(headers={"Content-Length": str(len(content))})
    await response.prepare(request)
    await response.write(content[: len(content) // 2 if fault.keep is None else fault.keep])
    if request.transport:
        request.transport.abort() if fault.reset else request.transport.close()
    return response


async def _failing(fault: Fault, request: web.Request) -> web.Response | None:
    await asyncio.sleep(fault.delay)
    if fault.reset and request.transport:
        request.transport.abort()
        return web.Response()
    if not fault.status:
        return None
    if isinstance(fault.body, bytes):
        return web.Response(status=fault.status, body=fault.body, headers=fault.headers)
    if fault.body is None:
        return web.Response(status=fault.status, headers=fault.headers)
    return web.json_response(fault.body, status=fault.status, headers=fault.headers)


def _signature(path: str, expires: str) -> str:
    return hmac.new(_SIGNING_KEY, f"{path}\n{expires}".encode(), "sha256").hexdigest()
