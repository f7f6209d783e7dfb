"""What becomes of a report's rows, from the bytes of its files to the records."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from simulator.faults import FOR_EVER
from simulator.people import COUNTERS
from simulator.world import USERS
from tap_github_copilot.clock import Clock
from tap_github_copilot.github import report_files
from tap_github_copilot.github.report_files import (
    BadContentError,
    RowContract,
    check,
    rows,
    whole_number,
)
from tap_github_copilot.github.reports import ROW_FORMAT
from tap_github_copilot.github.temporary_files import ReportFile, TemporaryBytes
from tap_github_copilot.run import Run
from tap_github_copilot.scopes import Level
from tap_github_copilot.settings import Settings
from tap_github_copilot.tap import TapGitHubCopilot
from tests.support.tap_runs import USAGES, Outcome, config_for, lines_about, run_tap

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.server import Simulator
    from simulator.world import World

ACME = "/enterprises/acme"
OCTO = "/orgs/octo-org"
BEFORE, DAY, AFTER = "2026-11-12", "2026-11-13", "2026-11-14"
CONTENT = "s3cr3t-of-nobody-else"
BOM = b"\xef\xbb\xbf"


def row(user_id: Any = 7, **fields: Any) -> dict[str, Any]:
    return {"day": DAY, "user_id": user_id, "user_login": "octocat", **fields}


def line(user_id: Any = 7, **fields: Any) -> bytes:
    return json.dumps(row(user_id, **fields)).encode()


class Load(Protocol):
    """Runs the tap over three days; a report of the middle one has the given files."""

    def __call__(self, *files: bytes, path: str = ACME) -> Outcome:
        """What the run left behind."""


@cache
def usages_alone(level: Level) -> dict[str, Any]:
    tap = TapGitHubCopilot(config={f"{level}s": ["somebody"]}, validate_config=False)
    return {"streams": [s for s in tap.catalog_dict["streams"] if s["tap_stream_id"] == USAGES]}


@pytest.fixture
def load(github: Simulator, world: World, today: date) -> Load:
    def run(*files: bytes, path: str = ACME) -> Outcome:
        world.add(path)
        for day in (BEFORE, AFTER):
            world.put[path, USERS, date.fromisoformat(day)] = [line(day=day)]
        world.put[path, USERS, date.fromisoformat(DAY)] = list(files)
        config = config_for(github, start_date=BEFORE, end_date=AFTER)
        level = Level.ENTERPRISE if "enterprises" in config else Level.ORGANIZATION
        return run_tap(config, today, catalog=usages_alone(level))

    return run


def records_of_the_day(outcome: Outcome) -> list[dict[str, Any]]:
    return [record for record in outcome.records() if record["day"] == DAY]


def the_record(outcome: Outcome) -> dict[str, Any]:
    assert outcome.code == 0, outcome.log
    [record] = records_of_the_day(outcome)
    return record


def the_schema(outcome: Outcome) -> dict[str, Any]:
    schemas = [m for m in outcome.messages if m["type"] == "SCHEMA" and m["stream"] == USAGES]
    schema: dict[str, Any] = schemas[0]["schema"]
    return schema


THREE = [row(1), row(2), row(3)]
LINES = [line(1), line(2), line(3)]


@pytest.mark.parametrize(
    "files",
    [
        [b"\n".join(LINES) + b"\n"],
        [b"\n".join(LINES)],
        [b"\r\n".join(LINES) + b"\r\n"],
        [b"\n\n" + b"\n \t\n\r\n".join(LINES) + b"\n\n"],
        [BOM + b"\n".join(LINES)],
        [BOM + b"\r\n" + b"\r\n".join(LINES)],
        [b"  " + b"  \n\t".join(LINES) + b" "],
        [json.dumps(THREE).encode()],
        [json.dumps(THREE, indent=2).encode() + b"\n"],
        [json.dumps(THREE, indent=2).replace("\n", "\r\n").encode()],
        [BOM + json.dumps(THREE).encode()],
        [BOM + b"\n\n " + json.dumps(THREE, indent="\t").encode()],
        [b"[" + b"\n,\n".join(LINES) + b"]\n\n"],
        LINES,
        [LINES[0], b"", json.dumps(THREE[1:]).encode(), b"\n"],
        [BOM + LINES[0] + b"\n", BOM + LINES[1], BOM + LINES[2]],
    ],
)
def test_rows_are_read_however_they_are_written_down(files: list[bytes], load: Load) -> None:
    outcome = load(*files)
    assert outcome.code == 0, outcome.log
    assert [record["user_id"] for record in records_of_the_day(outcome)] == [1, 2, 3]
    assert {record["extra_fields"] for record in outcome.records()} == {None}
    assert outcome.bookmark() == AFTER


@pytest.mark.parametrize(
    "files",
    [[b""], [b"", b"", b""], [b"\n"], [b" \r\n\r\n"], [BOM], [b"[]"], [b"[\n]\n"], [BOM + b"[ ]"]],
)
def test_a_report_without_rows_is_a_loaded_day(files: list[bytes], load: Load) -> None:
    outcome = load(*files)
    assert outcome.code == 0, outcome.log
    assert outcome.days() == [BEFORE, AFTER]
    assert outcome.bookmark() == AFTER
    assert lines_about(outcome.log, USAGES, "3 loaded, 0 pending, 0 empty", "2 rows")


def test_a_line_of_half_a_megabyte_is_read_whole(load: Load) -> None:
    entries = [{"skill": f"skill-{n:06}", "interaction_count": n} for n in range(10_000)]
    long = line(2, totals_by_skill=entries)
    assert len(long) > 500_000
    outcome = load(b"\n".join([line(1), long, line(3)]))
    assert [record["user_id"] for record in records_of_the_day(outcome)] == [1, 2, 3]
    assert records_of_the_day(outcome)[1]["totals_by_skill"] == entries


def test_what_github_left_out_is_null(load: Load) -> None:
    outcome = load(line())
    record = the_record(outcome)
    given = {"enterprise_slug", "day", "user_id", "user_login", "active", "fetched_at"}
    assert set(record) == set(the_schema(outcome)["properties"])
    assert {name for name, value in record.items() if value is not None} == given
    assert record["active"] is False


def test_null_zero_and_false_stay_what_they_are(load: Load) -> None:
    given: dict[str, Any] = {
        "loc_added_sum": 0,
        "ai_credits_used": 0,
        "used_chat": False,
        "used_agent": None,
        "distinct_skill_use_count": None,
        "totals_by_ide": [],
        "totals_by_skill": None,
        "totals_by_cli": {},
        "enterprise_id": "",
    }
    record = the_record(load(line(**given)))
    for name, value in given.items():
        assert record[name] == value
        assert type(record[name]) is type(value)
    assert record["extra_fields"] is None


def test_what_has_no_column_goes_to_extra_fields(load: Load) -> None:
    new = {
        "used_telepathy": False,
        "totals_by_mood": [{"mood": "good", "interaction_count": 3}, None, 1.5, "x"],
        "Ünï": {"deep": {"er": [None, 0, False, "", 2**70]}},
        "nothing": None,
        "": 0,
    }
    record = the_record(load(line(loc_added_sum=5, **new)))
    assert record["extra_fields"] == new
    assert record["loc_added_sum"] == 5


def test_columns_of_the_tap_are_never_taken_from_a_row(load: Load) -> None:
    theirs = {
        "active": True,
        "fetched_at": "2001-01-01T00:00:00Z",
        "extra_fields": {"a": 1},
        "enterprise_slug": "somebody-else",
    }
    record = the_record(load(line(**theirs)))
    assert record["extra_fields"] == theirs
    assert record["active"] is False
    assert record["enterprise_slug"] == "acme"
    assert not record["fetched_at"].startswith("2001")


def test_unknown_keys_inside_arrays_and_objects_are_kept(load: Load) -> None:
    given = {
        "totals_by_ide": [
            {"ide": "vscode", "new": {"deep": [1, None]}, "loc_added_sum": 1.5},
            None,
        ],
        "totals_by_cli": {"session_count": "3", "new": [], "token_usage": {"new": 1}},
        "ai_adoption_phase": {"name": "Phase 1", "version": None},
    }
    record = the_record(load(line(**given)))
    assert {name: record[name] for name in given} == given
    assert record["extra_fields"] is None


WHOLE_NUMBERS = {
    "1.0": 1,
    "-3.0": -3,
    "1e3": 1000,
    "-0": 0,
    "-0.0": 0,
    "4294967296": 2**32,
    "9007199254740993": 2**53 + 1,
    "9223372036854775807": 2**63 - 1,
    "-9223372036854775808": -(2**63),
}


def test_a_whole_number_of_64_bits_is_an_integer_however_it_is_written(load: Load) -> None:
    outcome = load(*(line(loc_added_sum="n").replace(b'"n"', n.encode()) for n in WHOLE_NUMBERS))
    numbers = [record["loc_added_sum"] for record in records_of_the_day(outcome)]
    assert dict(zip(WHOLE_NUMBERS, numbers, strict=True)) == WHOLE_NUMBERS
    assert {type(number) for number in numbers} == {int}
    assert {record["extra_fields"] for record in outcome.records()} == {None}


def test_a_number_that_may_be_fractional_is_kept_as_given(load: Load) -> None:
    numbers = [0, 3, 0.001, 12.5, 2**53 + 1]
    outcome = load(*(line(n, ai_credits_used=number) for n, number in enumerate(numbers)))
    assert [record["ai_credits_used"] for record in records_of_the_day(outcome)] == numbers


MISFITS: dict[str, list[Any]] = {
    "loc_added_sum": [
        "5",
        "",
        1.5,
        True,
        False,
        [1],
        {"sum": 1},
        2**63,
        -(2**63) - 1,
        10**30,
        1e19,
    ],
    "entity_id_partition": ["1", 0.5],
    "ai_credits_used": ["1.5", True, [], {}],
    "used_chat": [0, 1, 1.0, "true", "", []],
    "user_login": [5, False, ["octocat"], {"login": "octocat"}],
    "enterprise_id": [1, 1.0],
    "day_partition": [
        "2026-11-3",
        "20261113",
        "13.11.2026",
        "",
        f"{DAY}T00:00:00Z",
        20261113,
        True,
    ],
    "totals_by_cli": [[], [{}], "x", 0, False],
    "totals_by_ide": [{}, "x", [1], ["vscode"], [{}, []], 0, False],
}


@pytest.mark.parametrize("field", MISFITS)
def test_a_field_of_another_type_goes_to_extra_fields_and_its_column_is_null(
    field: str, load: Load
) -> None:
    values = MISFITS[field]
    outcome = load(*(line(n, **{field: value}) for n, value in enumerate(values)))
    records = records_of_the_day(outcome)
    schema = Draft202012Validator(the_schema(outcome))
    for record, value in zip(records, values, strict=True):
        assert record[field] is None
        assert record["extra_fields"] == {field: value}
        assert type(record["extra_fields"][field]) is type(value)
        schema.validate(record)
    assert len(lines_about(outcome.log, "WARNING", f"{USERS}: ", f" {field} ")) == 1


def test_a_field_of_another_type_is_told_once_a_run(
    github: Simulator, world: World, today: date
) -> None:
    for path in (ACME, "/enterprises/busy"):
        world.add(path)
        for day in (BEFORE, DAY, AFTER):
            rows = [line(n, day=day, loc_added_sum=CONTENT, used_chat=1) for n in range(20)]
            world.put[path, USERS, date.fromisoformat(day)] = [b"\n".join(rows)]
    outcome = run_tap(config_for(github, start_date=BEFORE, end_date=AFTER), today)
    assert len(outcome.records()) == 120
    for field in ("loc_added_sum", "used_chat"):
        assert len(lines_about(outcome.log, "WARNING", f"{USERS}: ", f" {field} ")) == 1
    assert CONTENT not in outcome.log


def test_nul_is_removed_wherever_it_stands_in_a_string(load: Load) -> None:
    record = the_record(
        load(
            line(
                user_login="octo\0cat\0",
                totals_by_ide=[{"ide": "vs\0code", "n\0ew": ["\0", {"a\0": "\0b"}]}],
                ai_adoption_phase={"phase\0": "\0Phase 1"},
                etl_id="no \\u0000 here",
                **{"new\0": "\0value"},
            )
        )
    )
    assert record["user_login"] == "octocat"
    assert record["totals_by_ide"] == [{"ide": "vscode", "new": ["", {"a": "b"}]}]
    assert record["ai_adoption_phase"] == {"phase": "Phase 1"}
    assert record["etl_id"] == "no \\u0000 here"
    assert record["extra_fields"] == {"new": "value"}


def test_letters_of_all_kinds_arrive_as_they_are(load: Load) -> None:
    login = "Zoë 李 \N{GRINNING FACE} \x7f \t\r\n \"'\\"
    raw = json.dumps(row(1, user_login=login), ensure_ascii=False).encode()
    outcome = load(raw + b"\n" + line(2, user_login=login))
    assert [record["user_login"] for record in records_of_the_day(outcome)] == [login, login]


@pytest.mark.parametrize("given", [{}, {"organization_id": "1000"}, {"organization_id": 1000}])
def test_an_organization_row_has_the_id_of_its_scope(given: dict[str, Any], load: Load) -> None:
    outcome = load(line(**given), path=OCTO)
    record = the_record(outcome)
    assert record["organization_id"] == "1000"
    assert record["organization_login"] == "octo-org"
    assert record["extra_fields"] is None
    assert "enterprise_slug" not in record
    assert not lines_about(outcome.log, "WARNING", "organization_id")


def test_an_organization_row_with_a_null_id_lacks_it(load: Load) -> None:
    outcome = load(line(organization_id=None), path=OCTO)
    assert the_record(outcome)["organization_id"] == "1000"
    assert the_record(outcome)["extra_fields"] is None


@pytest.mark.parametrize("other", ["77", 77, "", True, {"id": 1000}])
def test_an_organization_row_that_names_another_keeps_its_own_id_aside(
    other: Any, load: Load
) -> None:
    outcome = load(line(organization_id=other), path=OCTO)
    record = the_record(outcome)
    assert record["organization_id"] == "1000"
    assert record["extra_fields"] == {"organization_id": other}
    assert len(lines_about(outcome.log, "WARNING", f"{USERS}: ", " organization_id ")) == 1


def test_the_organization_of_an_enterprise_row_goes_to_extra_fields(load: Load) -> None:
    record = the_record(load(line(organization_id="77", enterprise_id="1")))
    assert record["extra_fields"] == {"organization_id": "77"}
    assert record["enterprise_id"] == "1"
    assert "organization_id" not in record


ACTIVE: list[dict[str, Any]] = [
    *({name: 1} for name in COUNTERS),
    {"ai_credits_used": 0.001},
    {"loc_deleted_sum": 1.0},
    {"used_agent": True},
    {"used_chat": True},
    {"used_cli": True},
    {"used_copilot_coding_agent": True},
    {"used_copilot_cloud_agent": True},
    {"used_copilot_code_review_active": True},
    {"used_copilot_app": True},
    {"used_vscode_agent": True},
    {"used_something_new": True},
    {"used_copilot_code_review_passive": True, "used_chat": True},
    dict.fromkeys(COUNTERS, 0) | {"ai_credits_used": 3},
]
IDLE: list[dict[str, Any]] = [
    {},
    dict.fromkeys(COUNTERS, 0) | {"ai_credits_used": 0},
    dict.fromkeys(COUNTERS),
    {"loc_added_sum": -1},
    {"used_chat": False, "used_cli": None},
    {"used_copilot_code_review_passive": True},
    {"used_something_new": "yes", "unused_something_new": True},
    {"generated_loc_sum": 5, "distinct_skill_use_count": 5},
    {"totals_by_ide": [{"ide": "vscode", "loc_added_sum": 5, "used_chat": True}]},
]


@pytest.mark.parametrize(("rows", "active"), [(ACTIVE, True), (IDLE, False)])
def test_active_tells_whether_the_person_used_copilot(
    rows: list[dict[str, Any]], active: bool, load: Load
) -> None:
    outcome = load(*(line(n, **fields) for n, fields in enumerate(rows)))
    told = [record["active"] for record in records_of_the_day(outcome)]
    assert list(zip(rows, told, strict=True)) == [(fields, active) for fields in rows]


def test_rows_with_one_key_are_all_emitted_in_order_and_counted(load: Load) -> None:
    first = [line(1, loc_added_sum=1), line(2, loc_added_sum=2), line(1, loc_added_sum=3)]
    second = [line(2.0, loc_added_sum=4), line(3, loc_added_sum=5)]
    outcome = load(b"\n".join(first), b"\n".join(second))
    assert outcome.code == 0
    emitted = [(r["user_id"], r["loc_added_sum"]) for r in records_of_the_day(outcome)]
    assert emitted == [(1, 1), (2, 2), (1, 3), (2, 4), (3, 5)]
    assert lines_about(outcome.log, "WARNING", "enterprise acme", USERS, DAY, " 2 rows ")
    assert not lines_about(outcome.log, "WARNING", USERS, BEFORE)
    assert outcome.bookmark() == AFTER


def test_fetched_at_is_one_moment_for_all_rows_of_a_day(load: Load, today: date) -> None:
    outcome = load(b"\n".join(LINES[:2]), LINES[2])
    [moment] = {record["fetched_at"] for record in records_of_the_day(outcome)}
    assert moment.endswith("Z")
    assert datetime.fromisoformat(moment).tzinfo == UTC
    assert datetime.fromisoformat(moment).date() == today


NO_IDS: list[Any] = [None, "1", CONTENT, True, False, 1.5, [1], {}, 2**63, 1e30]
NO_DAYS: list[Any] = [BEFORE, AFTER, None, "", CONTENT, 20261113, f"{DAY}T00:00:00Z"]
BAD_LINES = [
    b"{",
    b"}",
    b"x",
    b"null",
    b"true",
    b"31415926",
    b'"text"',
    b"NaN",
    line(1)[:-1],
    line(1) + b"}",
    line(1) + line(2),
    line(1).replace(b'"', b"'"),
    line(1, user_login="here").replace(b"here", b"a\x00b"),
    line(1, user_login="here").replace(b"here", b"\xc3"),
    line(1, user_login="here").replace(b"here", b"\xff\xfe"),
    line(1).decode().encode("utf-16"),
    b"[" + line(1) + b"]",
    b"[]",
    json.dumps({"day": DAY, "user_login": CONTENT}).encode(),
    json.dumps({"user_id": 1, "user_login": CONTENT}).encode(),
    *(line(user_id) for user_id in NO_IDS),
    *(line(1, day=day) for day in NO_DAYS),
    line(1, new="here").replace(b'"here"', b"[" * 100_000 + b"]" * 100_000),
    line(1, new="here").replace(b'"here"', b"[" * 975 + b"]" * 975),
    line(1, totals_by_cli="here").replace(b'"here"', b'{"a":' * 600 + b"1" + b"}" * 600),
    line(1, user_login="\0", new="here").replace(b'"here"', b"[" * 600 + b"]" * 600),
]


def assert_the_day_is_not_loaded(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 1
    assert outcome.days() == [BEFORE, AFTER]
    assert outcome.bookmark() == BEFORE
    told = lines_about(outcome.log, "ERROR", f"{USAGES}: bad_report: ")
    assert told
    assert told == lines_about(outcome.log, USAGES, "enterprise acme", USERS, DAY, *words)
    assert "Traceback" not in outcome.log
    assert CONTENT not in outcome.log
    assert "octocat" not in outcome.log


@pytest.mark.parametrize("bad", BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_day_with_a_bad_line_is_not_loaded_and_the_line_is_named(bad: bytes, load: Load) -> None:
    outcome = load(b"\n".join([line(1), b"", bad, line(3)]))
    assert_the_day_is_not_loaded(outcome, "line 3")


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ([line(1), line(2), b"\n" + line(3)[:-5]], "file 3 of 3, line 2"),
        ([b"\n".join([line(1), line(2)])[:-1]], "file 1 of 1, line 2"),
        ([b"[" + line(1) + b"]\n" + line(2)], "line 2"),
        ([json.dumps(THREE, indent=1).encode()[:-1]], "line 16"),
        ([json.dumps(THREE, indent=1).encode().replace(b"2,", b"2 x,")], "line 9"),
        ([json.dumps([row(1), row(2), 3]).encode()], "row 3"),
        ([json.dumps([row(1), row(None)]).encode()], "line 2"),
        ([b"[" * 100_000], "line 1"),
        ([b"\xff\xfe" + line(1)], "line 1"),
        ([b"<html>gone</html>"], "line 1"),
        ([b"", b"", line(1, day=AFTER)], "file 3 of 3, line 1"),
        ([json.dumps(row(1), indent=1).encode()], "line 1"),
    ],
)
def test_a_broken_file_is_named_with_the_place_of_the_fault(
    files: list[bytes], place: str, load: Load
) -> None:
    assert_the_day_is_not_loaded(load(*files), place)


@pytest.mark.parametrize(
    "body",
    [
        {"download_links": ["http://127.0.0.1:9/x"], "report_day": BEFORE},
        {"download_links": ["http://127.0.0.1:9/x"], "report_day": None},
        {"download_links": [], "report_day": BEFORE},
        {"download_links": None, "report_day": AFTER},
        {"download_links": [], "report_day": None},
        {"message": "Server is busy"},
        {"report_day": DAY},
        {},
        {"links": [], "report_day": DAY},
        {"download_links": "", "report_day": DAY},
        {"download_links": 0, "report_day": DAY},
        {"download_links": False, "report_day": DAY},
        {"download_links": {}, "report_day": DAY},
        [],
        False,
        0,
        {"download_links": [CONTENT, None], "report_day": DAY},
        {"download_links": {"link": CONTENT}, "report_day": DAY},
        {"download_links": CONTENT, "report_day": DAY},
        [CONTENT],
        31415926,
        b"{",
        b"\xff\xfe",
    ],
)
def test_a_day_with_a_bad_envelope_is_not_loaded(body: Any, github: Simulator, load: Load) -> None:
    github.faults.add(f"{USERS}.day={DAY}$", status=200, body=body, times=FOR_EVER)
    assert_the_day_is_not_loaded(load(line(1)), "envelope")
    assert github.days_asked(ACME).count(DAY) == 4
    github.faults.clear()
    github.faults.add(f"{USERS}.day={DAY}$", status=200, body=body, times=3)
    assert the_record(load(line(1)))["user_id"] == 1


@pytest.mark.parametrize("status", [201, 202, 203, 205, 206, 207, 299])
@pytest.mark.parametrize("body", [b"", b"null", {"download_links": [], "report_day": DAY}])
def test_a_2xx_other_than_200_and_204_says_nothing_about_the_day(
    status: int, body: Any, github: Simulator, load: Load
) -> None:
    github.faults.add(f"{USERS}.day={DAY}$", status=status, body=body, times=FOR_EVER)
    assert_the_day_is_not_loaded(load(line(1)), "4 times")


def test_a_bad_day_is_tried_again_for_about_twenty_seconds(load: Load) -> None:
    outcome = load(b"{")
    assert 15 <= outcome.clock.waited <= 25
    assert outcome.code == 1


def test_a_row_nested_a_hundred_levels_deep_is_kept_whole(load: Load) -> None:
    tower: Any = "top"
    for _ in range(50):
        tower = {"next": [tower]}
    record = the_record(load(line(totals_by_cli=tower, new=[tower])))
    assert record["totals_by_cli"] == tower
    assert record["extra_fields"] == {"new": [tower]}


NULL_AFTER_NUL = [
    (b'"user_id":1,"user_id\\u0000":null', {"user_id\ufffd": None}),
    (b'"user_id\\u0000":null,"user_id":1', {"user_id\ufffd": None}),
    (b'"user_id":1,"user\\u0000_id":"x"', {"user\ufffd_id": "x"}),
    (b'"user_id":1,"\\u0000day":"2001-01-01"', {"\ufffdday": "2001-01-01"}),
    (b'"user_id":1,"d\\u0000ay\\u0000":null', {"d\ufffday\ufffd": None}),
    (b'"user_id":1,"new":1,"new\\u0000":2', {"new": 1, "new\ufffd": 2}),
    (b'"user_id":1,"new\\u0000":1,"\\u0000new":2,"new\\ufffd":3', None),
]


@pytest.mark.parametrize(("fields", "extra"), NULL_AFTER_NUL)
def test_a_name_that_equals_another_without_its_nul_takes_nothing_from_it(
    fields: bytes, extra: dict[str, Any] | None, load: Load
) -> None:
    record = the_record(load(b'{"day":"%s",%s}' % (DAY.encode(), fields)))
    assert (record["day"], record["user_id"]) == (DAY, 1)
    if extra is None:
        assert sorted(record["extra_fields"].values()) == [1, 2, 3]
    else:
        assert record["extra_fields"] == extra


def test_values_are_checked_as_they_are_emitted(load: Load) -> None:
    text = line(1, user_login="x").replace(DAY.encode(), DAY.encode() + b"\\u0000")
    outcome = load(text, line(2).replace(b'"user_id"', b'"user_\\u0000id"'))
    assert [(r["day"], r["user_id"]) for r in records_of_the_day(outcome)] == [(DAY, 1), (DAY, 2)]
    assert {r["extra_fields"] for r in records_of_the_day(outcome)} == {None}


NAMES = st.sampled_from(
    ["day", "user_id", "user_login", "new", "totals_by_ide", "day\0", "user_id\0", "\0", "\ud800"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([DAY, DAY + "\0", "\ud83d", "\0", 1, 7.0, 2.0**53, float(2**60)]),
    lambda entries: st.lists(entries, max_size=3) | st.dictionaries(NAMES, entries, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6))
def test_what_passes_the_check_is_emitted_with_the_keys_that_were_checked(
    fields: list[tuple[str, Any]],
) -> None:
    pairs = [("day", DAY), ("user_id", 7), *fields]
    written = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs)
    content = TemporaryBytes()
    content.append(f"{{{written}}}\n".encode())
    file = ReportFile(content, 0, content.size)
    try:
        checked = check(file, RowContract(DAY, ("user_id",)))
    except BadContentError:
        return
    finally:
        emitted = [*rows(file)]
        content.close()
    [key] = checked.keys
    assert (emitted[0]["day"], whole_number(emitted[0]["user_id"])) == (DAY, key)
    assert "\0" not in json.dumps(emitted[0], ensure_ascii=False)


INEXACT = ["9007199254740993.0", "9007199254740992.0", "-9007199254740993.0", "1e18", "1E16"]


@pytest.mark.parametrize("number", INEXACT)
def test_a_float_that_may_stand_for_several_integers_is_none(number: str, load: Load) -> None:
    outcome = load(line(1, loc_added_sum="n").replace(b'"n"', number.encode()))
    record = the_record(outcome)
    assert record["loc_added_sum"] is None
    assert record["extra_fields"] == {"loc_added_sum": float(number)}
    assert_the_day_is_not_loaded(load(line("n").replace(b'"n"', number.encode())), "user_id")


@pytest.mark.parametrize(
    ("escape", "read"),
    [
        (b"\\ud800", "\ufffd"),
        (b"\\uDFFF", "\ufffd"),
        (b"\\udc00\\ud800", "\ufffd\ufffd"),
        (b"\\ud83dx\\ude00", "\ufffdx\ufffd"),
        (b"\\ud83d\\ude00", "\N{GRINNING FACE}"),
        (b"\\\\ud800", "\\ud800"),
        (b"\\ud800\\u0000", "\ufffd"),
    ],
)
@pytest.mark.parametrize("form", [lambda text: text, lambda text: b"[" + text + b"]"])
def test_an_unpaired_surrogate_costs_one_character_and_not_the_day(
    escape: bytes, read: str, form: Callable[[bytes], bytes], load: Load
) -> None:
    fields = {"user_login": "here", "new": {"here": ["here"]}, "totals_by_ide": [{"ide": "here"}]}
    record = the_record(load(form(line(**fields).replace(b"here", escape))))
    assert record["user_login"] == read
    assert record["extra_fields"] == {"new": {read: [read]}}
    assert record["totals_by_ide"] == [{"ide": read}]


@pytest.mark.parametrize("text", [b"\xed\xa0\x80", b"\xff", b"\xc3"])
@pytest.mark.parametrize("more", [b"1", b"1e400", b'"\\ud800"', b'"\\u0000"'])
def test_bytes_that_are_not_utf_8_stay_a_bad_report(text: bytes, more: bytes, load: Load) -> None:
    bad = line(1, user_login="here", new="n").replace(b"here", text).replace(b'"n"', more)
    assert_the_day_is_not_loaded(load(bad), "line 1")


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e400, NaN", b"1e400, Infinity"])
def test_what_only_python_takes_for_a_number_is_a_bad_report(number: bytes, load: Load) -> None:
    bad = line(1, new=["n"]).replace(b'"n"', number)
    assert_the_day_is_not_loaded(load(bad), "line 1")


def test_a_line_that_is_far_too_long_is_a_bad_report(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "LONGEST_LINE", 10_000)
    assert_the_day_is_not_loaded(load(line(1) + b"\n" + line(2, new="x" * 10_000)), "line 2")
    assert the_record(load(line(1) + b" " * 9_000))["user_id"] == 1


def test_an_array_that_is_far_too_large_is_a_bad_report(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_files, "LARGEST_DOCUMENT", 10_000)
    assert_the_day_is_not_loaded(load(b"[" + line(2, new="x" * 10_000) + b"]"), "line 1")


SAME: list[list[bytes]] = [
    [b"\n".join(LINES)],
    [b"\n".join(LINES[::-1]) + b"\n"],
    LINES,
    [LINES[2], b"", b"\r\n".join(LINES[:2])],
    [b"[" + b",\n".join(LINES) + b"]"],
    [BOM + b"\n\n".join(LINES)],
]
OTHER: list[list[bytes]] = [
    LINES[:2],
    [*LINES, LINES[0]],
    [LINES[0], LINES[0], LINES[2]],
    [*LINES[:2], line(3, new=1)],
    [line(1, a=1, b=2), line(2, a=2, b=1), LINES[2]],
    [line(1, a=2, b=1), line(2, a=1, b=2), LINES[2]],
    [b""],
]


def version_of(files: list[bytes], github: Simulator, load: Load) -> str:
    """The version of the middle day's report."""
    load(*files)
    run = Run(Settings.from_config(config_for(github)), Clock(), ("users-1-day",))
    found = run.reports.fetch(run.scopes[0], USERS, date.fromisoformat(DAY))
    found.close()
    run.close()
    return found.version


def test_the_version_follows_the_rows_and_neither_their_order_nor_their_files(
    github: Simulator, load: Load
) -> None:
    versions = [version_of(files, github, load) for files in (*SAME, *OTHER)]
    assert len(set(versions[: len(SAME)])) == 1
    assert len(set(versions)) == 1 + len(OTHER)
    assert {version.split("-")[0] for version in versions} == {str(ROW_FORMAT)}
