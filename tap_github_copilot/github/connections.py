"""Why no answer came: the cause behind an exception of requests, and what cures it.

The texts of those exceptions hold URLs and headers, so nothing of them is repeated.
"""

from __future__ import annotations

import errno
import http.client
import os
import re
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as urllib3_errors

from tap_github_copilot.github.bodies import BodyTooLargeError, BrokenBodyError
from tap_github_copilot.github.sessions import CONNECT_AND_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Find = Callable[["Causes"], "ConnectionFault | None"]

_Error = TypeVar("_Error", bound=BaseException)
_FAULTS_OF_THIS_MACHINE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_TUNNEL = re.compile(r"Tunnel connection failed: ([1-5][0-9]{2})\b")
_PROXY_VARIABLES = "HTTPS_PROXY, HTTP_PROXY, NO_PROXY"
_CHECK_NETWORK = "check api_url, this machine's network and firewall, and the proxy it has to use"


@dataclass(frozen=True)
class ConnectionFault:
    """A call that brought no answer.

    Args:
        why: What happened.
        cure: What a person can do about it.
        lasts: Whether another try would end in the same way.
        unreachable: Whether the host cannot be reached at all, so that no other call would
            fare better.
        no_sign_of_life: Whether the host counts as unreachable, too, unless it has answered
            another call before.
    """

    why: str
    cure: str = _CHECK_NETWORK
    lasts: bool = False
    unreachable: bool = False
    no_sign_of_life: bool = False


class Causes:
    """An exception and all that led to it.

    Args:
        error: What requests or urllib3 raised.
        url: What was called.
    """

    def __init__(self, error: BaseException, url: str) -> None:
        self._errors = list(_chain(error))
        self._url = url
        self.proxy = _proxy_for(url)
        self.host = _place(self.proxy or url)

    @property
    def place(self) -> str:
        """The host and port that the connection was to, in words."""
        return f"the proxy {self.host}" if self.proxy else self.host

    def first(self, kind: type[_Error]) -> _Error | None:
        """The first of them that is of a kind."""
        return next((error for error in self._errors if isinstance(error, kind)), None)

    @property
    def number(self) -> int | None:
        """The number by which the operating system names the fault, where it did."""
        errors = (error for error in self._errors if isinstance(error, OSError))
        return next((error.errno for error in errors if error.errno), None)

    def texts(self) -> Iterator[str]:
        """The texts of all of them; to search in, not to print."""
        yield from map(str, self._errors)


def fault_of(error: Exception, url: str) -> ConnectionFault:
    """What went wrong.

    Args:
        error: What requests, urllib3 or `read_body` raised for a call.
        url: What was called.

    Raises:
        OSError: It is a fault of this machine: no file descriptor or memory is left.
    """
    causes = Causes(error, url)
    if (number := causes.number) in _FAULTS_OF_THIS_MACHINE:
        raise OSError(number, os.strerror(number)) from None
    for find in _FINDS:
        if found := find(causes):
            return found
    return ConnectionFault(f"the call failed ({type(error).__name__})")


def _socks(causes: Causes) -> ConnectionFault | None:
    if not any("SOCKS support" in text for text in causes.texts()):
        return None
    return ConnectionFault(
        "the proxy is a SOCKS proxy, and the package PySocks is not installed",
        f"install PySocks beside the tap, or correct {_PROXY_VARIABLES}",
        lasts=True,
        unreachable=True,
    )


def _tunnel(causes: Causes) -> ConnectionFault | None:
    match = next(filter(None, map(_TUNNEL.search, causes.texts())), None)
    if match is None:
        return None
    status = int(match.group(1))
    what = "asks for another sign-in" if status == http.client.PROXY_AUTHENTICATION_REQUIRED else ""
    return ConnectionFault(
        f"{causes.place} {what or 'refuses the connection'} ({status})",
        f"check {_PROXY_VARIABLES} (user and password, too) and what the proxy lets through",
        lasts=status < http.client.INTERNAL_SERVER_ERROR,
        unreachable=True,
    )


def _bad_proxy(causes: Causes) -> ConnectionFault | None:
    if not (
        causes.first(requests.exceptions.InvalidProxyURL)
        or causes.first(urllib3_errors.ProxySchemeUnknown)
    ):
        return None
    return ConnectionFault(
        "what is set as the proxy is not the URL of one",
        f"correct {_PROXY_VARIABLES}",
        lasts=True,
        unreachable=True,
    )


def _certificate(causes: Causes) -> ConnectionFault | None:
    error = causes.first(ssl.SSLCertVerificationError)
    if error is None:
        return None
    return ConnectionFault(
        f"the certificate of {causes.place} is not trusted ({error.verify_message})",
        "if a proxy opens the connections of your network, set REQUESTS_CA_BUNDLE to a file with "
        "its CA certificate; else check api_url and this machine's clock",
        lasts=True,
        unreachable=True,
    )


def _no_ca_bundle(causes: Causes) -> ConnectionFault | None:
    if not any(text.startswith("Could not find") and "TLS" in text for text in causes.texts()):
        return None
    return ConnectionFault(
        "the file with the CA certificates is not there",
        "correct the file that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names",
        lasts=True,
        unreachable=True,
    )


def _tls(causes: Causes) -> ConnectionFault | None:
    error = causes.first(ssl.SSLError)
    if error is None:
        return None
    if "CERTIFICATE" in (error.reason or "") or "X509" in (error.library or ""):
        return ConnectionFault(
            f"the CA certificates cannot be read ({error.reason})",
            "correct the file that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names",
            lasts=True,
            unreachable=True,
        )
    return ConnectionFault(
        f"no TLS connection with {causes.place} ({error.reason or 'broken off'})",
        no_sign_of_life=True,
    )


def _name(causes: Causes) -> ConnectionFault | None:
    error = causes.first(socket.gaierror)
    if error is None:
        return None
    host = causes.host.partition(":")[0]
    setting = _PROXY_VARIABLES if causes.proxy else "the setting api_url"
    if error.errno in _NO_SUCH_NAME:
        return ConnectionFault(
            f"there is no host called {host}",
            f"check {setting}, and whether this machine can look up names (DNS)",
            lasts=True,
            unreachable=True,
        )
    return ConnectionFault(
        f"the name {host} cannot be looked up at present",
        "check this machine's DNS",
        unreachable=True,
    )


def _no_connection(causes: Causes) -> ConnectionFault | None:
    if causes.first(urllib3_errors.NewConnectionError):
        number = causes.number
        what = "refuses the connection" if number == errno.ECONNREFUSED else "cannot be reached"
        reason = f" ({os.strerror(number)})" if number else ""
        return ConnectionFault(f"{causes.place} {what}{reason}", unreachable=True)
    if causes.first(urllib3_errors.ConnectTimeoutError):
        seconds = CONNECT_AND_READ[0]
        why = f"no connection to {causes.place} within {seconds:.0f} s"
        return ConnectionFault(why, unreachable=True)
    return None


def _timeout(causes: Causes) -> ConnectionFault | None:
    if not (causes.first(urllib3_errors.ReadTimeoutError) or causes.first(requests.ReadTimeout)):
        return None
    return ConnectionFault(f"{causes.place} took too long", no_sign_of_life=True)


def _body(causes: Causes) -> ConnectionFault | None:
    error = causes.first(BrokenBodyError)
    if error is None:
        return None
    return ConnectionFault(f"{error}", lasts=isinstance(error, BodyTooLargeError))


def _closed(causes: Causes) -> ConnectionFault | None:
    if causes.first(http.client.RemoteDisconnected) or causes.first(ConnectionError):
        return ConnectionFault("the connection was closed before an answer had arrived")
    if causes.first(http.client.HTTPException):
        return ConnectionFault(f"what {causes.place} sends is not HTTP", no_sign_of_life=True)
    return None


_FINDS: tuple[Find, ...] = (
    _socks,
    _tunnel,
    _bad_proxy,
    _no_ca_bundle,
    _certificate,
    _tls,
    _name,
    _no_connection,
    _body,
    _timeout,
    _closed,
)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it was made from, whichever way they are attached."""
    met: set[int] = set()
    left: list[object] = [error]
    while left:
        present = left.pop(0)
        if isinstance(present, BaseException) and id(present) not in met:
            met.add(id(present))
            yield present
            reason = getattr(present, "reason", None)
            left += [*present.args, reason, present.__cause__, present.__context__]


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for a URL."""
    proxies = requests.utils.get_environ_proxies(url)
    return requests.utils.select_proxy(url, proxies)


def _place(url: str) -> str:
    """Host and port of a URL, without user and password."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "its host"
    return f"{host}:{port}" if port else host
