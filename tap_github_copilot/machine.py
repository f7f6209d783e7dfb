"""Faults of this machine, each as one line that says what to do about it."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path

from tap_github_copilot.redaction import redacted

_CURES = {
    errno.EPIPE: "the program that reads stdout has closed it",
    errno.ENOSPC: (
        "make room on the disk that stdout goes to and in the temporary folder, or set TMPDIR "
        "to a folder that has room"
    ),
    errno.EMFILE: "raise the limit (ulimit -n) or lower the setting concurrency",
    errno.ENFILE: "close other programs on this machine, or lower the setting concurrency",
    errno.ENOMEM: "give the process more memory, or lower the setting concurrency",
    errno.EROFS: "set TMPDIR to a folder that can be written",
}
_CURES[errno.EDQUOT] = _CURES[errno.EFBIG] = _CURES[errno.ENOSPC]
_CURES[errno.EBADF] = _CURES[errno.EIO] = "check where stdout goes"
_NO_THREAD = (
    "this machine gives no further thread: raise the limit (ulimit -u, or pids of the "
    "container) or lower the setting concurrency"
)
_NO_MEMORY = "out of memory: give the process more of it, or lower the setting concurrency"
_NO_TEMPORARY_FOLDER = (
    "there is no temporary folder that can be written: set TMPDIR to a folder that can"
)
_CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class MachineFaultError(Exception):
    """This machine lacks something; one line that says what, and what to do."""


def line_about(error: BaseException) -> str:
    """What happened and what to do, without any text that may hold a secret."""
    if isinstance(error, MemoryError):
        return _NO_MEMORY
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return _NO_THREAD
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
        return _NO_TEMPORARY_FOLDER
    if isinstance(error, OSError) and type(error).__module__ == "builtins" and error.errno:
        return _about_os_error(error)
    if isinstance(error, UnicodeEncodeError):
        return (
            f"stdout cannot hold a character, since its encoding is {error.encoding}: set "
            "PYTHONIOENCODING=utf-8"
        )
    return (
        f"unexpected error ({type(error).__name__}{_place_of(error)}): a fault of this tap, "
        "please report it; set LOGLEVEL=DEBUG to see where it comes from"
    )


def check_ca_bundle(api_url: str) -> None:
    """See whether the file of trusted certificates is there that requests is told to use.

    Raises:
        MachineFaultError: It is not, and it would be needed.
    """
    name = next((name for name in _CA_BUNDLES if os.environ.get(name)), None)  # as requests does
    if name and api_url.startswith("https:") and not os.access(os.environ[name], os.R_OK):
        raise MachineFaultError(
            f"the environment variable {name} names a file that cannot be read "
            f"({redacted(os.environ[name])}): correct it or remove the variable"
        )


def make_names_printable() -> None:
    """Print a character that stdout's encoding lacks as an escape."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def frames_of(error: BaseException) -> list[str]:
    """Where an error comes from, a line per frame: places and source, no values."""
    return "".join(traceback.format_tb(error.__traceback__)).splitlines()


def _about_os_error(error: OSError) -> str:
    what = error.strerror or type(error).__name__
    if isinstance(error.filename, str):
        what += f": {redacted(error.filename)}"
    cure = _CURES.get(error.errno or 0)
    return f"{what}; {cure}" if cure else what


def _place_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
