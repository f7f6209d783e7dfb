"""From the raw configuration to one checked, frozen Settings.

Every message about a wrong setting is made here: one line that names the setting and says
what it takes. The line never repeats a value, which may be a secret in the wrong place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_github_copilot.config import API_URL, CONCURRENCY, LATE_REPORT_DAYS, SETTINGS, SETTLE_DAYS
from tap_github_copilot.github.credentials import AppKey
from tap_github_copilot.scopes import Level, Scope, is_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

NAME = "tap-github-copilot"
_VISIBLE = re.compile(r"[!-~]+")
_LINE = re.compile(r"[ -~]+")
_DAY_FORM = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?")
_SCHEME = re.compile(r"(?:authorization:\s*)?bearer\s+", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019"}
_PASTED = ("token", "private_key")


class WrongSettingsError(Exception):
    """What is wrong with a configuration.

    Args:
        lines: One for each wrong setting.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Settings:
    """A configuration without mistakes.

    Args:
        credential: A bearer token, or a GitHub App.
        level: The level this run reads at.
        scopes: What the configuration names; empty if the App's installations decide.
        api_url: Without a slash at its end.
        start: First day asked for, or None.
        end: Last day asked for, or None.
        settle_days: See `config.SETTINGS`.
        late_report_days: See `config.SETTINGS`.
        concurrency: See `config.SETTINGS`.
        user_agent: See `config.SETTINGS`.
    """

    credential: str | AppKey = field(repr=False)
    level: Level
    scopes: tuple[Scope, ...]
    api_url: str
    start: date | None
    end: date | None
    settle_days: int
    late_report_days: int
    concurrency: int
    user_agent: str

    @property
    def link_schemes(self) -> tuple[str, ...]:
        """The URL schemes that a download link may have."""
        return ("https", "http") if self.api_url.startswith("http:") else ("https",)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """The settings of a raw configuration; null and an empty text count as unset.

        A token or key is taken without what came along when it was pasted: quotes, white
        space around it, `Bearer`.

        Raises:
            WrongSettingsError: With a line for each setting that is wrong.
        """
        cleaned = {name: _unpasted(config[name]) for name in _PASTED if name in config}
        given = {
            name: value for name, value in {**config, **cleaned}.items() if value not in (None, "")
        }
        return _SettingsParser(given).read()


def level_of(config: Mapping[str, Any]) -> Level:
    """The level that a raw configuration, right or wrong, asks for; enterprise without one."""
    if config.get("enterprises"):
        return Level.ENTERPRISE
    if config.get("organizations") or config.get("app_id"):
        return Level.ORGANIZATION
    return Level.ENTERPRISE


def default_user_agent() -> str:
    """The tap's name, with its version if it is installed."""
    try:
        return f"{NAME}/{metadata.version(NAME)}"
    except metadata.PackageNotFoundError:
        return NAME


def _unpasted(value: Any) -> Any:
    """A text without surrounding white space, quotes and the scheme of a header."""
    while isinstance(value, str) and value:
        bare = value.strip()
        if len(bare) > 1 and _QUOTES.get(bare[0]) == bare[-1]:
            bare = bare[1:-1]
        bare = _SCHEME.sub("", bare, count=1) if _SCHEME.match(bare) else bare
        if bare == value:
            break
        value = bare
    return value


class _SettingsParser:
    """Reads one raw configuration and collects what is wrong with it."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.wrong: dict[str, str] = {}

    def read(self) -> Settings:
        """The checked settings; raises WrongSettingsError."""
        credential = self._credential()
        level, scopes = self._scopes()
        start, end = self._day("start_date"), self._day("end_date")
        if start and end and end < start:
            self._is_wrong("end_date", "must not be before start_date")
        settle_days = self._number("settle_days", SETTLE_DAYS)
        late_report_days = self._number("late_report_days", LATE_REPORT_DAYS)
        if late_report_days < settle_days:
            self._is_wrong("late_report_days", "must be at least settle_days")
        api_url = self._api_url()
        concurrency = self._number("concurrency", CONCURRENCY)
        user_agent = self._text("user_agent", _LINE, "one line of printable ASCII")
        if self.config.get("batch_config"):
            self._is_wrong(
                "batch_config", "is not supported: it would bypass selection and stream maps"
            )
        if self.wrong or credential is None:
            raise WrongSettingsError([f"Setting {name}: {why}" for name, why in self.wrong.items()])
        return Settings(
            credential=credential,
            level=level,
            scopes=scopes,
            api_url=api_url,
            start=start,
            end=end,
            settle_days=settle_days,
            late_report_days=late_report_days,
            concurrency=concurrency,
            user_agent=user_agent or default_user_agent(),
        )

    def _is_wrong(self, name: str, why: str) -> None:
        self.wrong.setdefault(name, why)

    def _text(self, name: str, shape: re.Pattern[str], takes: str) -> str | None:
        value = self.config.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not shape.fullmatch(value):
            self._is_wrong(name, f"takes {takes}")
            return None
        return value

    def _credential(self) -> str | AppKey | None:
        token = self._text(
            "token", _VISIBLE, "the token alone: printable ASCII without white space"
        )
        names: tuple[str, ...] = ("app_id", "private_key", "private_key_path")
        app = [name for name in names if name in self.config]
        if "token" in self.config:
            if app:
                self._is_wrong(
                    app[0], "set only one way to sign in: either token, or app_id with a key"
                )
            return token
        if not app:
            self._is_wrong(
                "token",
                "nothing to sign in with: set token, or app_id with private_key or "
                "private_key_path",
            )
            return None
        return self._app(app)

    def _app(self, given: list[str]) -> AppKey | None:
        app_id = self.config.get("app_id")
        if app_id is None:
            self._is_wrong("app_id", f"{given[0]} needs app_id")
        elif isinstance(app_id, bool) or not (
            isinstance(app_id, int) or (isinstance(app_id, str) and _VISIBLE.fullmatch(app_id))
        ):
            self._is_wrong("app_id", "takes the App's ID (a number) or its client ID")
        keys = [name for name in given if name != "app_id"]
        if len(keys) != 1:
            self._is_wrong(
                "private_key",
                "set only one of private_key and private_key_path"
                if keys
                else "app_id needs private_key or private_key_path",
            )
            return None
        key = self._private_key(keys[0])
        return AppKey(str(app_id), key) if key else None

    def _private_key(self, name: str) -> RSAPrivateKey | None:
        text: str | bytes = self.config[name]
        if not isinstance(text, str):
            self._is_wrong(name, "takes a text")
            return None
        if name == "private_key_path":
            try:
                text = Path(text).expanduser().read_bytes()
            except (OSError, ValueError, RuntimeError) as error:
                reason = getattr(error, "strerror", None) or "this is not the path of a file"
                self._is_wrong(name, f"the file cannot be read: {reason}")
                return None
        # Imported here, since only an App needs what takes 60 ms to import.
        from tap_github_copilot.private_key import read_key  # noqa: PLC0415

        key = read_key(text)
        if key is None:
            self._is_wrong(
                name,
                "takes the App's private RSA key without a password: the whole PEM file, with its "
                "first line (BEGIN) and its last line (END)",
            )
        return key

    def _scopes(self) -> tuple[Level, tuple[Scope, ...]]:
        level = level_of(self.config)
        given = [name for name in ("enterprises", "organizations") if name in self.config]
        if len(given) > 1:
            self._is_wrong("organizations", "set only one of enterprises and organizations")
        elif not given and "app_id" not in self.config:
            self._is_wrong(
                "enterprises", "nothing to read: set enterprises (slugs) or organizations (logins)"
            )
        if len(given) != 1:
            return level, ()
        return level, self._names(given[0], level)

    def _names(self, setting: str, level: Level) -> tuple[Scope, ...]:
        kind = "slugs" if level is Level.ENTERPRISE else "logins"
        names = self.config[setting]
        if not isinstance(names, list) or not names:
            self._is_wrong(setting, f'takes a list of {kind}, such as ["acme"]')
            return ()
        for number, name in enumerate(names, 1):
            if not is_name(name):
                self._is_wrong(
                    setting,
                    f"takes {kind} as in URLs on GitHub (letters, digits, hyphens); entry {number} "
                    "is not one",
                )
                return ()
        return tuple(Scope(level, name) for name in dict.fromkeys(n.lower() for n in names))

    def _day(self, name: str) -> date | None:
        value = self.config.get(name)
        if value is None:
            return None
        text = value.strip() if isinstance(value, str) else ""
        try:
            moment = datetime.fromisoformat(text)
            return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
        except (ValueError, OverflowError):
            is_form = _DAY_FORM.fullmatch(text)
            self._is_wrong(
                name, "is not a day of the calendar" if is_form else "takes a day as YYYY-MM-DD"
            )
            return None

    def _number(self, name: str, default: int) -> int:
        value = self.config.get(name, default)
        schema = SETTINGS[name]
        least, most = schema["minimum"], schema.get("maximum")
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            span = f"from {least} to {most}" if most else f"of at least {least}"
            self._is_wrong(name, f"takes a whole number {span}")
            return default
        return int(value)

    def _api_url(self) -> str:
        takes = (
            "the http or https URL of GitHub's API without user, query or fragment, such as "
            f"{API_URL}"
        )
        text = self._text("api_url", _VISIBLE, takes) or API_URL
        try:
            url = urlsplit(text)
            host = (url.hostname or "").encode("idna")  # as every connection will do
            right = url.scheme in {"http", "https"} and bool(host) and url.port != 0
        except ValueError:
            right = False
        if not right or "@" in url.netloc or {"?", "#"} & set(text):
            self._is_wrong("api_url", f"takes {takes}")
        return text.rstrip("/")
