"""What a configuration may hold, and what is said of one that is wrong."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from simulator.access import TOKEN
from tap_github_copilot.clock import Clock
from tap_github_copilot.config import SETTINGS
from tap_github_copilot.github.credentials import AppKey
from tap_github_copilot.run import Run
from tap_github_copilot.scopes import Level
from tap_github_copilot.sdk import ConfigInput
from tap_github_copilot.settings import Settings
from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.daily_usages import catalog_of, metadata_of
from tests.support.tap_runs import USAGES, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
PREFIX = "TAP_GITHUB_COPILOT_"
SECRET = "s3cr3t-of-nobody-else"
NO_FILE: Any = None
COMMAND = Path(sys.executable).with_name("tap-github-copilot")


def pem(
    key: PrivateKeyTypes,
    shape: PrivateFormat = PrivateFormat.PKCS8,
    password: bytes | None = None,
) -> str:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, shape, lock).decode()


RSA = rsa.generate_private_key(65537, 2048)
PKCS1 = pem(RSA, PrivateFormat.TraditionalOpenSSL)
PKCS8 = pem(RSA)
LOCKED = pem(RSA, password=SECRET.encode())
ELLIPTIC = pem(ec.generate_private_key(ec.SECP256R1()))

NOBODY = {"token": None}
APP = {"token": None, "app_id": "Iv23liExample", "private_key": PKCS8}

WRONG_SIGN_IN: list[tuple[str, dict[str, Any]]] = [
    ("token", NOBODY),
    ("token", {"token": ""}),
    ("token", {"token": "", "app_id": "", "private_key": "", "private_key_path": ""}),
    ("token", {"token": f"{SECRET} {SECRET}"}),
    ("token", {"token": f"{SECRET}\n{SECRET}"}),
    ("token", {"token": '""'}),
    ("token", {"token": " \n"}),
    ("token", {"token": f"Basic {SECRET}"}),
    ("token", {"token": f"{SECRET}é"}),
    ("token", {"token": f"{SECRET}\0"}),
    ("token", {"token": {"value": SECRET}}),
    ("token", {"token": [SECRET]}),
    ("token", {"token": 31415926}),
    ("token", {"token": False}),
    ("token", {"token": {}}),
    ("app_id", {"app_id": 31415926}),
    ("private_key", {"private_key": PKCS8}),
    ("private_key_path", {"private_key_path": f"/nowhere/{SECRET}"}),
    ("app_id", {"token": None, "private_key": PKCS8}),
    ("app_id", {"token": None, "private_key": PKCS8, "app_id": ""}),
    ("app_id", APP | {"app_id": True}),
    ("app_id", APP | {"app_id": 31415.926}),
    ("app_id", APP | {"app_id": f"{SECRET} {SECRET}"}),
    ("app_id", APP | {"app_id": [SECRET]}),
    ("private_key", {"token": None, "app_id": 31415926}),
    ("private_key", APP | {"private_key": ""}),
    ("private_key", APP | {"private_key_path": f"/nowhere/{SECRET}"}),
    ("private_key", APP | {"private_key": SECRET}),
    ("private_key", APP | {"private_key": {"pem": SECRET}}),
    ("private_key", APP | {"private_key": LOCKED}),
    ("private_key", APP | {"private_key": ELLIPTIC}),
    ("private_key", APP | {"private_key": PKCS8[: len(PKCS8) // 2]}),
    ("private_key", APP | {"private_key": "\ud800"}),
    ("private_key_path", APP | {"private_key": None, "private_key_path": f"/nowhere/{SECRET}"}),
    ("private_key_path", APP | {"private_key": None, "private_key_path": f"~{SECRET}/key"}),
    ("private_key_path", APP | {"private_key": None, "private_key_path": f"{SECRET}\0"}),
    ("private_key_path", APP | {"private_key": None, "private_key_path": str(Path(__file__))}),
    ("private_key_path", APP | {"private_key": None, "private_key_path": sys.executable}),
    ("private_key_path", APP | {"private_key": None, "private_key_path": "/"}),
    ("private_key_path", APP | {"private_key": None, "private_key_path": [SECRET]}),
]

WRONG_LEVEL: list[tuple[str, dict[str, Any]]] = [
    ("enterprises", {"enterprises": None}),
    ("enterprises", {"enterprises": ""}),
    ("enterprises", {"enterprises": []}),
    ("enterprises", {"enterprises": SECRET}),
    ("enterprises", {"enterprises": {"slug": SECRET}}),
    ("enterprises", {"enterprises": 31415926}),
    ("enterprises", {"enterprises": True}),
    ("enterprises", {"enterprises": ["../../user"]}),
    ("enterprises", {"enterprises": ["acme", "acme/../../user"]}),
    ("enterprises", {"enterprises": ["acme?per_page=1"]}),
    ("enterprises", {"enterprises": ["acme#here"]}),
    ("enterprises", {"enterprises": ["%2e%2e"]}),
    ("enterprises", {"enterprises": ["acme\n"]}),
    ("enterprises", {"enterprises": ["acme inc"]}),
    ("enterprises", {"enterprises": ["ácmé"]}),
    ("enterprises", {"enterprises": [""]}),
    ("enterprises", {"enterprises": ["acme", 31415926]}),
    ("enterprises", {"enterprises": ["acme", None]}),
    ("enterprises", {"enterprises": [[SECRET]]}),
    ("organizations", {"enterprises": None, "organizations": []}),
    ("organizations", {"enterprises": None, "organizations": "octo-org"}),
    ("organizations", {"enterprises": None, "organizations": ["octo-org", "../../user"]}),
    ("organizations", {"organizations": ["octo-org"]}),
]

WRONG_DAYS: list[tuple[str, dict[str, Any]]] = [
    (name, {name: value})
    for name in ("start_date", "end_date")
    for value in (
        "yesterday",
        "31.12.2025",
        "2026-02-30",
        "2026-13-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        20260101,
        True,
        ["2026-01-01"],
        {"day": "2026-01-01"},
    )
]
WRONG_DAYS.append(("end_date", {"start_date": "2026-11-20", "end_date": "2026-11-19"}))

WRONG_URLS: list[tuple[str, dict[str, Any]]] = [
    ("api_url", {"api_url": url})
    for url in (
        f"https://octocat:{SECRET}@github.example",
        f"https://{SECRET}@github.example",
        "https://@github.example",
        f"https://github.example?token={SECRET}",
        "https://github.example?",
        f"https://github.example#{SECRET}",
        "https://github.example#",
        "ftp://github.example",
        "file:///etc/passwd",
        "github.example",
        "//github.example",
        "https://:8443",
        "https:///api/v3",
        "https://github.example:0",
        "https://github.example:99999",
        "https://github.example:port",
        "https://[::1",
        "https://git hub.example",
        "https://github.example\n",
        31415926,
        ["https://github.example"],
    )
]

WRONG_NUMBERS: list[tuple[str, dict[str, Any]]] = [
    *(
        (name, {name: value})
        for name in ("settle_days", "late_report_days", "concurrency")
        for value in (-1, True, False, 4.0, 4.5, "4", "abc", [4], {"days": 4})
    ),
    ("concurrency", {"concurrency": 0}),
    ("concurrency", {"concurrency": 33}),
    ("concurrency", {"concurrency": 10**30}),
    ("late_report_days", {"settle_days": 5, "late_report_days": 4}),
    ("late_report_days", {"settle_days": 15}),
    ("late_report_days", {"late_report_days": 3}),
]

WRONG_OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("user_agent", {"user_agent": f"{SECRET}\nX-Other: 1"}),
    ("user_agent", {"user_agent": f"{SECRET}é"}),
    ("user_agent", {"user_agent": 31415926}),
    ("user_agent", {"user_agent": [SECRET]}),
    ("batch_config", {"batch_config": {"encoding": {"format": "jsonl"}, "storage": {}}}),
    ("batch_config", {"batch_config": SECRET}),
    ("flattening_enabled", {"flattening_enabled": "x"}),
    ("flattening_enabled", {"flattening_enabled": SECRET, "flattening_max_depth": 1}),
    ("flattening_max_depth", {"flattening_max_depth": SECRET}),
    ("flattening_max_depth", {"flattening_max_depth": 1.5}),
    ("flattening_max_key_length", {"flattening_max_key_length": [SECRET]}),
    ("stream_maps", {"stream_maps": SECRET}),
    ("stream_maps", {"stream_maps": [SECRET]}),
    ("stream_maps", {"stream_maps": {USAGES: SECRET}}),
    ("stream_map_config", {"stream_map_config": SECRET}),
    ("faker_config", {"faker_config": SECRET}),
    ("faker_config", {"faker_config": {"seed": [SECRET]}}),
]

WRONG = [
    *WRONG_SIGN_IN,
    *WRONG_LEVEL,
    *WRONG_DAYS,
    *WRONG_URLS,
    *WRONG_NUMBERS,
    *WRONG_OTHERS,
]

GOOD = {"token": TOKEN, "enterprises": ["acme"]}


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def said_of(outcome: Outcome) -> list[str]:
    return [line for line in outcome.errors() if line != "ERROR Config validation failed"]


def assert_one_line_about(setting: str, outcome: Outcome) -> None:
    [line] = said_of(outcome)
    name, colon, takes = line.removeprefix("ERROR Setting ").partition(": ")
    assert name.partition(".")[0] == setting
    assert colon
    assert takes.strip()
    assert "***" not in takes  # a message of ours that looks like a secret would be cut off
    assert outcome.code == 1
    assert outcome.messages == []
    assert "Traceback" not in outcome.log


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for entry in value.values():
            yield from leaves(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from leaves(entry)
    else:
        yield value


def assert_no_echo(given: dict[str, Any], log: str) -> None:
    for value in [SECRET, TOKEN, *leaves(given)]:
        text = str(value)
        if not isinstance(value, bool) and len(text) > 3:
            assert text not in log
        for line in text.splitlines():
            if "PRIVATE KEY" not in line and len(line) > 20:
                assert line not in log


@pytest.mark.parametrize(("setting", "wrong"), WRONG)
def test_a_wrong_setting_is_named_in_one_line_that_echoes_nothing(
    setting: str, wrong: dict[str, Any], today: date
) -> None:
    outcome = run_tap(GOOD | wrong, today)
    assert_one_line_about(setting, outcome)
    assert_no_echo(wrong, outcome.log)


def test_each_wrong_setting_gets_its_own_line(today: date) -> None:
    wrong = {"token": " ", "enterprises": [], "start_date": "x", "concurrency": 0, "api_url": "x"}
    outcome = run_tap(wrong, today)
    named = [line.split()[2].rstrip(":") for line in said_of(outcome)]
    assert sorted(named) == sorted(wrong)


def test_flattening_without_a_depth_names_the_depth(today: date) -> None:
    outcome = run_tap(GOOD | {"flattening_enabled": True}, today)
    [line] = said_of(outcome)
    assert "flattening_max_depth" in line
    assert (outcome.code, outcome.messages) == (1, [])


def test_a_stream_map_that_cannot_be_read_names_stream_maps(today: date) -> None:
    outcome = run_tap(GOOD | {"stream_maps": {USAGES: {"new": "1 +"}}}, today)
    assert_one_line_about("stream_maps", outcome)


WRONG_TEXTS = [
    ("TOKEN", f"{SECRET} {SECRET}"),
    ("TOKEN", "  "),
    ("APP_ID", "31415926"),
    ("PRIVATE_KEY", SECRET),
    ("PRIVATE_KEY_PATH", f"/nowhere/{SECRET}"),
    ("ENTERPRISES", ""),
    ("ENTERPRISES", "null"),
    ("ENTERPRISES", "[]"),
    ("ENTERPRISES", "acme,../../user"),
    ("ENTERPRISES", '["acme", "../../user"]'),
    ("ENTERPRISES", '["acme"'),
    ("ENTERPRISES", '{"slug": "acme-inc"}'),
    ("ENTERPRISES", "[31415926]"),
    ("ORGANIZATIONS", "octo-org"),
    ("API_URL", f"https://octocat:{SECRET}@github.example"),
    ("START_DATE", "yesterday"),
    ("END_DATE", "2026-02-30"),
    ("SETTLE_DAYS", "-1"),
    ("SETTLE_DAYS", "four"),
    ("LATE_REPORT_DAYS", "3"),
    ("LATE_REPORT_DAYS", "true"),
    ("CONCURRENCY", "abc"),
    ("CONCURRENCY", "33"),
    ("CONCURRENCY", "4.0"),
    ("CONCURRENCY", "9" * 5000),
    ("CONCURRENCY", "[" * 50_000),
    ("USER_AGENT", f"{SECRET}\nX-Other: 1"),
    ("FLATTENING_ENABLED", SECRET),
    ("FLATTENING_MAX_DEPTH", "deep"),
    ("STREAM_MAPS", SECRET),
    ("STREAM_MAPS", '{"github'),
    ("STREAM_MAP_CONFIG", "[]"),
    ("FAKER_CONFIG", SECRET),
]


def set_environment(monkeypatch: pytest.MonkeyPatch, **texts: str) -> None:
    for name, text in texts.items():
        monkeypatch.setenv(PREFIX + name, text)


@pytest.mark.parametrize("config", [{}, NO_FILE], ids=["--config=ENV", "no --config"])
@pytest.mark.parametrize(("variable", "text"), WRONG_TEXTS, ids=lambda v: v[:30])
def test_a_wrong_setting_in_the_environment_is_named_likewise(
    variable: str,
    text: str,
    config: Any,
    today: date,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_environment(monkeypatch, TOKEN=TOKEN, ENTERPRISES="acme")
    set_environment(monkeypatch, **{variable: text})
    options = () if config is NO_FILE else ("--config=ENV",)
    outcome = run_tap(config, today, options=options)
    assert_one_line_about(variable.lower(), outcome)
    assert_no_echo({variable: text}, outcome.log)


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_read_from_the_environment(
    setting: str, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, **{setting.upper(): f" {SECRET}? é\n"})
    outcome = run_tap(NO_FILE, today)
    assert [line for line in said_of(outcome) if f"Setting {setting}: " in line]
    assert SECRET not in outcome.log


@pytest.mark.parametrize("options", [(), ("--shards",)])
def test_a_variable_that_a_configuration_file_leaves_unread_is_named(
    options: tuple[str, ...], github: Simulator, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, START_DATE="2026-11-12", TOKEN="other", PRIVATE_KEY=SECRET)
    set_environment(monkeypatch, CONCURRENCY="", _SELECT='["*.*"]')
    config = {"token": TOKEN, "enterprises": ["acme"], "api_url": github.url}
    outcome = run_tap(config | {"end_date": "2026-11-12"}, today, options=options)
    lines = [line for line in outcome.log.splitlines() if PREFIX in line]
    assert [line.split()[1] for line in lines] == [f"{PREFIX}PRIVATE_KEY", f"{PREFIX}START_DATE"]
    assert "declare the setting start_date" in lines[1]
    assert SECRET not in outcome.log


@pytest.mark.parametrize("names", ["acme,busy", " acme , busy ", '["acme", "busy"]'])
def test_a_run_can_be_set_by_the_environment_alone(
    names: str, github: Simulator, world: World, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(ACME)
    world.add("/enterprises/busy")
    set_environment(
        monkeypatch,
        TOKEN=TOKEN,
        ENTERPRISES=names,
        API_URL=github.url,
        START_DATE="2026-11-12",
        END_DATE="2026-11-12",
        SETTLE_DAYS="3",
        LATE_REPORT_DAYS="",
        CONCURRENCY="2",
        FLATTENING_ENABLED="No",
    )
    outcome = run_tap(NO_FILE, today)
    assert outcome.code == 0, outcome.log
    assert outcome.days() == ["2026-11-12"]
    assert outcome.bookmark("acme") == outcome.bookmark("busy") == "2026-11-12"


@pytest.mark.parametrize("unset", [None, ""])
def test_null_and_an_empty_text_count_as_unset(
    unset: str | None, github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    config = dict.fromkeys(SETTINGS, unset) | config_for(github, start_date="2026-11-12")
    outcome = run_tap(config, today)
    assert outcome.code == 0, outcome.log
    assert outcome.bookmark() == "2026-11-18"
    filled = Settings.from_config(dict.fromkeys(SETTINGS, unset) | GOOD)
    assert filled == Settings.from_config(GOOD)


@pytest.mark.parametrize(
    ("level", "path"),
    [(Level.ENTERPRISE, ACME), (Level.ORGANIZATION, "/orgs/octo-org")],
)
def test_names_are_read_once_and_in_lower_case(
    level: Level, path: str, github: Simulator, world: World, today: date
) -> None:
    name, column = world.add(path, people=20).name, level.context_key
    names = {f"{level}s": [name.upper(), name, name.title()]}
    days = {"start_date": "2026-11-12", "end_date": "2026-11-13"}
    outcome = run_tap(config_for(github, **names, **days), today)
    assert outcome.code == 0, outcome.log
    assert sorted(github.days_asked(path)) == ["2026-11-12", "2026-11-13"]
    assert {record[column] for record in outcome.records()} == {name}
    [partition] = outcome.state["bookmarks"][USAGES]["partitions"]
    assert partition["context"] == {column: name}


@pytest.mark.parametrize(
    "private_key",
    [
        PKCS1,
        PKCS8,
        PKCS8.replace("\n", "\\n"),
        PKCS1.replace("\n", "\\n"),
        PKCS8.replace("\n", "\r\n"),
        PKCS8.replace("\n", "\\r\\n"),
        f"\n  {PKCS8.strip()}  \n",
    ],
)
@pytest.mark.parametrize("level", [{}, {"enterprises": ["acme"]}, {"organizations": ["octo-org"]}])
def test_an_app_signs_in_with_its_id_and_its_key_as_text(
    private_key: str, level: dict[str, Any]
) -> None:
    settings = Settings.from_config({"app_id": 12345, "private_key": private_key} | level)
    assert isinstance(settings.credential, AppKey)
    assert settings.credential.app_id == "12345"
    assert settings.credential.private_key.private_numbers() == RSA.private_numbers()
    assert settings.level is (Level.ENTERPRISE if "enterprises" in level else Level.ORGANIZATION)


@pytest.mark.parametrize("text", [PKCS1, PKCS8])
def test_an_app_signs_in_with_its_id_and_its_key_in_a_file(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.pem").write_text(text)
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in (str(tmp_path / "app.pem"), "~/app.pem"):
        settings = Settings.from_config({"app_id": "Iv23liExample", "private_key_path": path})
        assert isinstance(settings.credential, AppKey)
        assert settings.credential.app_id == "Iv23liExample"
        assert settings.credential.private_key.private_numbers() == RSA.private_numbers()


@pytest.mark.parametrize("text", [PKCS1, PKCS8])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_key_file_may_have_a_byte_order_mark_or_be_utf_16(
    text: str, encoding: str, tmp_path: Path
) -> None:
    (tmp_path / "app.pem").write_bytes(text.encode(encoding))
    app = {"app_id": 12345, "private_key_path": str(tmp_path / "app.pem")}
    assert has_the_key(Settings.from_config(app))


@pytest.mark.parametrize("text", [PKCS1, PKCS8])
@pytest.mark.parametrize(
    "pasted",
    [
        lambda pem: f'"{pem}"',
        lambda pem: f"'{pem.strip()}'\n",
        lambda pem: f' "{pem.replace(chr(10), chr(92) + "n")}" ',
        lambda pem: pem.replace("\n", "\\\\n"),
        lambda pem: pem.replace("\n", " "),
        lambda pem: pem.replace("\n", "\n    "),
        lambda pem: f"Bag Attributes\n{pem}",
        lambda pem: base64.b64encode(pem.encode()).decode(),
        lambda pem: base64.encodebytes(pem.encode()).decode(),
        lambda pem: base64.b64encode(pem.encode()).decode().rstrip("="),
        lambda pem: base64.urlsafe_b64encode(pem.encode()).decode(),
        lambda pem: f'"{base64.b64encode(pem.encode()).decode()}"\n',
    ],
)
def test_a_key_is_taken_as_people_paste_it(text: str, pasted: Callable[[str], str]) -> None:
    assert has_the_key(Settings.from_config({"app_id": 12345, "private_key": pasted(text)}))


def has_the_key(settings: Settings) -> bool:
    assert isinstance(settings.credential, AppKey)
    return settings.credential.private_key.private_numbers() == RSA.private_numbers()


@pytest.mark.parametrize(
    "pasted",
    [
        f"{SECRET}\n",
        f"\t{SECRET} ",
        f'"{SECRET}"',
        f"'{SECRET}'\n",
        f"\u201c{SECRET}\u201d",
        f"Bearer {SECRET}",
        f"bearer  {SECRET}\n",
        f'"Bearer {SECRET}"',
        f'Bearer "{SECRET}"',
        f"Authorization: Bearer {SECRET}",
    ],
)
def test_a_token_is_taken_as_people_paste_it(pasted: str) -> None:
    assert Settings.from_config(GOOD | {"token": pasted}).credential == SECRET


def test_no_repr_shows_a_secret() -> None:
    app = {"app_id": 12345, "private_key": PKCS8, "organizations": ["octo-org"]}
    for config in (app, GOOD | {"token": SECRET}):
        settings = Settings.from_config(config)
        run = Run(settings, Clock())
        shown = f"{settings!r} {settings} {settings.credential if config is app else ''} {run!r}"
        shown += repr(TapGitHubCopilot(config=config)) + repr(ConfigInput(config))
        run.close()
        assert SECRET not in shown
        assert PKCS8.splitlines()[1] not in shown
        assert "RSAPrivateKey" not in shown


def test_a_tap_can_be_given_paths_of_its_configuration(tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(json.dumps(GOOD | {"concurrency": 2}))
    other.write_text(json.dumps({"concurrency": 3}))
    for config, concurrency in ((one, 2), (str(one), 2), ([one, str(other)], 3), ([one], 2)):
        tap = TapGitHubCopilot(config=config)
        assert tap.config["token"] == TOKEN
        assert tap.config["concurrency"] == concurrency


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_files_of_the_command_line_may_be_what_powershell_writes(
    encoding: str, github: Simulator, world: World, today: date, tmp_path: Path
) -> None:
    world.add(ACME, people=20)
    catalog = TapGitHubCopilot(config=GOOD).catalog_dict
    state: dict[str, Any] = {"bookmarks": {USAGES: {"partitions": []}}}
    options = []
    for name, content in (("config", config_for(github)), ("catalog", catalog), ("state", state)):
        path = tmp_path / f"{name}.json"
        path.write_bytes(json.dumps(content).encode(encoding))
        options += [f"--{name}", str(path)]
    outcome = run_tap(NO_FILE, today, options=tuple(options))
    assert outcome.code == 0, outcome.log
    assert outcome.bookmark() == "2026-11-18"


@pytest.mark.parametrize("name", ["start_date", "end_date"])
@pytest.mark.parametrize(
    "value", ["2026-13-01", "2026-02-30", "2026-00-10", "2026-13-01T00:00:00Z"]
)
def test_a_day_that_the_calendar_lacks_is_told_from_another_form(
    name: str, value: str, today: date
) -> None:
    [line] = said_of(run_tap(GOOD | {name: value}, today))
    assert line == f"ERROR Setting {name}: is not a day of the calendar"
    [line] = said_of(run_tap(GOOD | {name: "1 March"}, today))
    assert line == f"ERROR Setting {name}: takes a day as YYYY-MM-DD"


@pytest.mark.parametrize("setting", ["enterprises", "organizations"])
def test_a_name_that_is_not_a_list_is_shown_as_one(setting: str, today: date) -> None:
    [line] = said_of(run_tap({"token": TOKEN, setting: "acme"}, today))
    assert '["acme"]' in line


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_dotenv_file_is_read_from_the_working_directory_and_the_environment_wins(
    encoding: str, today: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    texts = {"TOKEN": TOKEN, "ENTERPRISES": "acme", "CONCURRENCY": "0", "SETTLE_DAYS": "-1"}
    lines = [f"{PREFIX}{name}={text}\n" for name, text in texts.items()]
    (tmp_path / ".env").write_bytes("".join(lines).encode(encoding))
    os.environ[f"{PREFIX}SETTLE_DAYS"] = "3"
    [line] = said_of(run_tap(NO_FILE, today))
    assert line.startswith("ERROR Setting concurrency: ")


def test_a_dotenv_file_beside_the_environment_or_above_is_not_read(
    today: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"{PREFIX}TOKEN={TOKEN}\n{PREFIX}ENTERPRISES=acme\n")
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    named = {line.split()[2] for line in said_of(run_tap(NO_FILE, today))}
    assert named == {"token:", "enterprises:"}


def test_a_dotenv_file_that_is_not_text_is_one_line(
    today: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"TOKEN=\x80\x81")
    outcome = run_tap(NO_FILE, today)
    [line] = said_of(outcome)
    assert line.startswith("ERROR .env in the working directory: ")
    assert "Traceback" not in outcome.log


@pytest.mark.parametrize(
    ("url", "kept", "schemes"),
    [
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com", ("https",)),
        ("https://api.acme.ghe.com//", "https://api.acme.ghe.com", ("https",)),
        ("https://ghes.example/api/v3/", "https://ghes.example/api/v3", ("https",)),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", ("https", "http")),
        ("http://[::1]:8080", "http://[::1]:8080", ("https", "http")),
        ("", "https://api.github.com", ("https",)),
    ],
)
def test_the_api_url_is_taken_without_its_last_slash(
    url: str, kept: str, schemes: tuple[str, ...]
) -> None:
    settings = Settings.from_config(GOOD | {"api_url": url})
    assert settings.api_url == kept
    assert settings.link_schemes == schemes


def test_numbers_may_stand_on_their_bounds() -> None:
    numbers = {"settle_days": 0, "late_report_days": 0, "concurrency": 32}
    settings = Settings.from_config(GOOD | numbers)
    assert (settings.settle_days, settings.late_report_days, settings.concurrency) == (0, 0, 32)
    assert Settings.from_config(GOOD | {"concurrency": 1}).concurrency == 1


def test_the_user_agent_of_every_call_can_be_set_and_else_names_the_tap() -> None:
    assert Settings.from_config(GOOD | {"user_agent": "acme bot"}).user_agent == "acme bot"
    assert Settings.from_config(GOOD).user_agent.startswith("tap-github-copilot/")


def test_an_unknown_setting_is_told_and_ignored(
    github: Simulator, world: World, today: date
) -> None:
    world.add(ACME)
    outcome = run_tap(config_for(github, start_date="2026-11-20", tokne=SECRET), today)
    assert outcome.code == 0
    assert "tokne" in outcome.log
    assert SECRET not in outcome.log


def printed(*arguments: str) -> str:
    clean = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        [str(COMMAND), *arguments], env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_discovery_needs_no_setting_and_shows_enterprise_level() -> None:
    streams = {s["tap_stream_id"]: s for s in json.loads(printed("--discover"))["streams"]}
    assert streams[USAGES]["key_properties"] == ["enterprise_slug", "day", "user_id"]
    assert "organization_id" not in streams[USAGES]["schema"]["properties"]


def test_discovery_needs_no_credentials_and_shows_the_level_of_the_configuration(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"organizations": ["octo-org"]}')
    catalog = json.loads(printed("--discover", "--config", str(path)))
    streams = {s["tap_stream_id"]: s for s in catalog["streams"]}
    assert streams[USAGES]["key_properties"] == ["organization_id", "day", "user_id"]
    assert "enterprise_slug" not in streams[USAGES]["schema"]["properties"]


def test_about_needs_no_setting_and_tells_all_of_them() -> None:
    about = json.loads(printed("--about", "--format=json"))
    assert set(SETTINGS) <= set(about["settings"]["properties"])
    assert about["settings"]["properties"]["token"]["secret"] is True
    assert about["settings"]["properties"]["private_key"]["secret"] is True
    markdown = printed("--about", "--format=markdown")
    assert all(name in markdown for name in SETTINGS)


BROKEN_FILES = {
    "cut off": b'{"bookmarks":',
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "a list of things": b"[1, 2]",
    "a text": b'"s3cr3t-of-nobody-else"',
    "a number": b"31415926",
    "null": b"null",
    "endless": b"[" * 100_000,
}


@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
@pytest.mark.parametrize("content", BROKEN_FILES.values(), ids=list(BROKEN_FILES))
def test_a_file_that_holds_no_json_object_is_named_in_one_line(
    option: str, content: bytes, today: date, tmp_path: Path
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    assert_one_line_about_file(option, str(path), today)


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_an_empty_state_file_says_what_to_write_into_it(
    content: bytes, today: date, tmp_path: Path
) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    [line] = said_of(run_tap(GOOD, today, options=("--state", str(path))))
    assert line == "ERROR --state: the file is empty; an empty JSON object is {}"


@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_file_that_cannot_be_opened_is_named_in_one_line(
    option: str, name: str, today: date, tmp_path: Path
) -> None:
    assert_one_line_about_file(option, str(tmp_path / name), today)


@pytest.mark.parametrize(
    "content",
    [
        {"streams": 5},
        {"streams": {"a": 1}},
        {"streams": ["a"]},
        {"streams": [{}]},
        {"streams": [{"tap_stream_id": USAGES, "schema": 5}]},
        {"streams": [{"tap_stream_id": USAGES, "metadata": 5}]},
        {"streams": [{"tap_stream_id": USAGES, "metadata": [{"breadcrumb": 5}]}]},
    ],
)
def test_a_catalog_of_another_shape_is_named_in_one_line(
    content: dict[str, Any], today: date, tmp_path: Path
) -> None:
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(content))
    assert_one_line_about_file("--catalog", str(path), today)


def assert_one_line_about_file(option: str, path: str, today: date) -> None:
    config: Any = NO_FILE if option == "--config" else GOOD
    outcome = run_tap(config, today, options=(option, path))
    [line] = said_of(outcome)
    assert line.startswith(f"ERROR {option}")
    assert (outcome.code, outcome.messages) == (1, [])
    assert "Traceback" not in outcome.log
    assert SECRET not in outcome.log
    assert TOKEN not in outcome.log


def told(outcome: Outcome, *words: str) -> list[str]:
    """The lines of level INFO with all of these words."""
    return [line for line in lines_about(outcome.log, *words) if line.startswith("INFO ")]


def state_with(bookmark: str, *names: str) -> dict[str, Any]:
    partitions = [
        {
            "context": {"enterprise_slug": name},
            "replication_key": "day",
            "replication_key_value": bookmark,
        }
        for name in names
    ]
    return {"bookmarks": {USAGES: {"partitions": partitions}}}


@pytest.mark.parametrize(
    ("start", "state", "lines"),
    [
        ("2026-11-01", state_with("2026-11-10", "acme", "busy"), 1),
        ("2026-11-10", state_with("2026-11-10", "acme"), 1),
        ("2026-11-11", state_with("2026-11-10", "acme"), 0),
        ("2026-11-12", state_with("2026-11-10", "acme"), 0),
        ("2026-11-01", state_with("2026-11-10", "left-us"), 0),
        ("2026-11-01", None, 0),
        (None, state_with("2026-11-10", "acme"), 0),
    ],
)
def test_a_start_date_before_the_bookmark_is_told_once(
    start: str | None,
    state: dict[str, Any] | None,
    lines: int,
    github: Simulator,
    world: World,
    today: date,
) -> None:
    for name in ("acme", "busy"):
        world.add(f"/enterprises/{name}", people=2)
    outcome = run_tap(config_for(github, start_date=start), today, state=state)
    assert outcome.code == 0, outcome.log
    assert len(told(outcome, "start_date", "no effect", "2026-11-10")) == lines


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({"start_date": "2026-11-23"}, 1),
        ({"start_date": "2027-01-01"}, 1),
        ({"end_date": "2025-10-31"}, 1),
        ({"start_date": "2026-11-22"}, 0),
        ({"start_date": "2026-11-20", "end_date": "2026-11-20"}, 0),
    ],
)
def test_a_span_without_a_day_is_told(
    more: dict[str, str], lines: int, github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=2)
    outcome = run_tap(config_for(github, **more), today)
    assert outcome.code == 0, outcome.log
    assert len(told(outcome, "no day to read")) == lines


@pytest.mark.parametrize("place", ["entry", "metadata"])
def test_full_table_chosen_for_a_daily_stream_is_told(
    place: str, github: Simulator, world: World, today: date
) -> None:
    world.add(ACME, people=2)
    config = config_for(github, start_date="2026-11-15")
    catalog = catalog_of(config, USAGES)
    [entry] = [each for each in catalog["streams"] if each["tap_stream_id"] == USAGES]
    if place == "entry":
        entry["replication_method"] = "FULL_TABLE"
    else:
        del entry["replication_method"]
        metadata_of(entry)["forced-replication-method"] = "FULL_TABLE"
    state = state_with("2026-11-17", "acme")
    outcome = run_tap(config, today, catalog=catalog, state=state)
    assert outcome.code == 0, outcome.log
    assert len(told(outcome, USAGES, "FULL_TABLE", "no effect")) == 1
    assert min(github.days_asked(ACME)) == "2026-11-18"
    unforced = run_tap(config, today, catalog=catalog_of(config, USAGES), state=state)
    assert not told(unforced, "FULL_TABLE")
