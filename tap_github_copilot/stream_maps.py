"""The SDK's stream maps and flattening: schemas that every target can take, and clear errors."""

from __future__ import annotations

import ast
import fnmatch
import importlib.util
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.mapper import CustomStreamMap, PluginMapper

from tap_github_copilot.redaction import redacted
from tap_github_copilot.sdk import evaluate_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Record
    from singer_sdk.mapper import StreamMap
    from singer_sdk.singerlib import Catalog

    Schema = dict[str, Any]

_FILTER = "__filter__"
_SOURCE = "__source__"
_ELSE = "__else__"
_KEY = "__key_properties__"
_NULL = "__NULL__"
_RECORD = frozenset({"_", "record"})  # what an expression calls the record
_NAMES = _RECORD | {"config", "fake", "__stream_name__", "__original_stream_name__"}
_LENGTH = "flattening_max_key_length"


class Mapper(PluginMapper):
    """Stream maps and flattening for free-form objects.

    Every object of a schema that goes out has `properties`, even if the catalog is an older
    one whose objects have none: target-snowflake fails on an object without them
    (`KeyError: 'properties'`, 0.20.4).

    Flattening replaces an object that has `properties` by a column for each of them, and so
    would remove an object whose `properties` are empty. It is therefore shown free-form
    objects without them, and turns each into one column of JSON text.
    """

    def register_raw_streams_from_catalog(self, catalog: Catalog) -> None:
        """Take over the schemas of a catalog, and check that the key columns are still there.

        Raises:
            MappingError: A map cannot be used.
            ConfigValidationError: Flattening gives two columns one name, or a key column
                another one.
        """
        try:
            super().register_raw_streams_from_catalog(catalog)
        except MappingError:
            raise
        except NotImplementedError as error:  # an option of a map that the SDK does not know
            raise MappingError(str(error)) from None
        except ValueError as error:
            raise _wrong(_LENGTH, f"is too short: {error}") from None
        except Exception as error:  # noqa: BLE001 - a map of an odd shape fails in odd ways
            raise MappingError(f"cannot be used ({type(error).__name__})") from None
        for stream_map in (each for maps in self.stream_maps.values() for each in maps):
            _check_key(stream_map)

    def register_raw_stream_schema(
        self, stream_name: str, schema: Schema, key_properties: Sequence[str] | None
    ) -> None:
        """Take over the schema of one stream.

        Expressions are read here first, since the SDK's own message quotes one that cannot be
        read whole, with a salt in it, and names neither stream nor column.

        The SDK takes no map of a stream that is deselected, whose schema has no columns, and
        takes `"__else__": null` only where the map names the key columns, too.

        Raises:
            MappingError: An expression cannot be read.
        """
        options = self.flattening_options
        flattens = options is not None and options.enabled and options.max_level > 0
        fit = _without_empty_properties if flattens else _with_properties
        given = self.stream_maps_dict
        is_deselected = not schema.get("properties")
        if not is_deselected:
            _check_expressions(given, stream_name)
        try:
            self.stream_maps_dict = (
                {}
                if is_deselected
                else {name: _with_key(each, key_properties or ()) for name, each in given.items()}
            )
            super().register_raw_stream_schema(stream_name, _mapped(schema, fit), key_properties)
        finally:
            self.stream_maps_dict = given


def check_maps(config: Mapping[str, Any], streams: Sequence[str]) -> Iterator[str]:
    """What of the stream maps has no effect, a line each.

    Args:
        config: The configuration.
        streams: The names of all streams.

    Raises:
        ConfigValidationError: Something needs faker, which is not installed.
    """
    maps = config.get("stream_maps") or {}
    uses_fake = any("fake" in _names_in(text) for text in _expressions_of(maps.values()))
    if (config.get("faker_config") or uses_fake) and not importlib.util.find_spec("faker"):
        raise _wrong(
            "faker_config" if config.get("faker_config") else "stream_maps",
            "needs faker, which is not installed: install tap-github-copilot[faker]",
        )
    for name, definition in maps.items():
        source = definition.get(_SOURCE, name) if isinstance(definition, dict) else name
        is_option = name.startswith("__")
        if not is_option and not any(fnmatch.fnmatch(stream, str(source)) for stream in streams):
            yield f"Setting stream_maps: {source} is not a stream of this tap: no effect"


def explained(
    config: Mapping[str, Any], stream: str, stream_map: StreamMap, record: Record, error: Exception
) -> MappingError:
    """Why a map failed on a record: the column, its expression and the cause, but no value.

    Args:
        config: The configuration, whose `stream_maps` name the expressions.
        stream: The stream's name.
        stream_map: The map that failed.
        record: The record that it failed on.
        error: What it failed with; its own text can hold what stands in the record.
    """
    start = f"an expression failed on a record of {stream}"
    for column, expression in _maps_of(config.get("stream_maps") or {}, stream):
        try:
            evaluate_expression(stream_map, expression, record, column)
        except Exception as failed:  # noqa: BLE001 - a user's expression can raise anything
            what = column if column == _FILTER else f"column {column}"
            cause = _cause(stream_map, expression, record, column)
            return MappingError(
                f"{start} ({type(failed).__name__}): {what}: {_shown(expression, record)}{cause}"
            )
    return MappingError(f"{start} ({type(error).__name__})")


def lost_key(stream_map: StreamMap, record: Record) -> str | None:
    """The key column that a map left without a value in its record, if there is one."""
    if not isinstance(stream_map, CustomStreamMap):
        return None
    keys = stream_map.transformed_key_properties or ()
    return next((key for key in keys if record.get(key) is None), None)


def _with_key(definition: Any, key: Sequence[str]) -> Any:
    """A map that leaves out all other columns, with the columns of its key."""
    if not isinstance(definition, dict) or definition.get(_ELSE, "") not in (None, _NULL):
        return definition
    key = definition.get(_KEY, key)
    names = key if isinstance(key, list | tuple) else ()
    return {name: name for name in names} | definition


def _check_expressions(maps: Mapping[str, Any], stream: str) -> None:
    for column, expression in _maps_of(maps, stream):
        if why := _unreadable(expression):
            what = column if column == _FILTER else f"column {column}"
            raise MappingError(f"an expression of {stream} cannot be read: {what}: {why}")


def _unreadable(expression: str) -> str:
    """Why a text is not an expression, without a piece of it; empty where it is one."""
    try:
        statements = ast.parse(expression).body
    except SyntaxError as error:
        return f"{error.msg}, line {error.lineno or 1}, column {error.offset or 1}"
    except (ValueError, RecursionError, MemoryError) as error:
        return type(error).__name__
    if not statements:
        return "it is empty"
    return "" if isinstance(statements[0], ast.Expr) else "it is a statement, not an expression"


def _check_key(stream_map: StreamMap) -> None:
    columns = stream_map.transformed_schema.get("properties", {})
    for key in stream_map.transformed_key_properties or ():
        if key in stream_map.raw_schema.get("properties", {}) and key not in columns:
            raise _wrong(
                _LENGTH,
                f"shortens the name of {key}, a key column of {stream_map.stream_alias}: take "
                "at least 63, or none",
            )


def _wrong(setting: str, why: str) -> ConfigValidationError:
    return ConfigValidationError("wrong settings", errors=[f"Setting {setting}: {why}"])


def _maps_of(maps: Mapping[str, Any], stream: str) -> Iterator[tuple[str, str]]:
    """The expressions that apply to a stream, each with its column, the filter first."""
    for name, definition in maps.items():
        if not isinstance(definition, dict):
            continue
        if fnmatch.fnmatch(stream, str(definition.get(_SOURCE, name))):
            columns = sorted(definition, key=lambda column: column != _FILTER)
            for column in columns:
                is_expression = column == _FILTER or not column.startswith("__")
                if is_expression and isinstance(definition[column], str):
                    yield column, definition[column]


def _expressions_of(values: Any) -> Iterator[str]:
    for value in values:
        if isinstance(value, dict):
            yield from _expressions_of(value.values())
        elif isinstance(value, str):
            yield value


def _names_in(expression: str) -> set[str]:
    try:
        nodes = list(ast.walk(ast.parse(expression)))
    except (SyntaxError, ValueError, RecursionError):
        return set()
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _cause(stream_map: StreamMap, expression: str, record: Record, column: str) -> str:
    """What an expression failed on, as far as its names tell, and what to write instead."""
    functions = getattr(stream_map, "functions", {}).keys() | _NAMES
    for node in ast.walk(ast.parse(expression)):
        if isinstance(node, ast.Subscript) and _is_record(node.value):
            field = getattr(node.slice, "value", None)
        elif isinstance(node, ast.Attribute) and _is_record(node.value):
            field = node.attr
        elif isinstance(node, ast.Name) and node.id not in functions:
            field = column if node.id == "self" else node.id
        else:
            continue
        if field not in record:
            return f": its record has no {redacted(str(field))}; is that column deselected?"
        if record[field] is None:
            otherwise = "False" if column == _FILTER else "None"
            shown = _shown(expression, record)
            return f": {field} is null there; write {shown} if {ast.unparse(node)} else {otherwise}"
    return ""


def _is_record(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in _RECORD


def _shown(expression: str, record: Record) -> str:
    """An expression without its texts, of which one may be a salt."""

    class WithoutTexts(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.Constant:
            is_secret = isinstance(node.value, str | bytes) and node.value not in record
            return ast.Constant("…") if is_secret else node

    return ast.unparse(WithoutTexts().visit(ast.parse(expression)))


def _mapped(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """A copy of a schema with every object in it changed."""
    copy = dict(schema)
    if isinstance(properties := copy.get("properties"), dict):
        copy["properties"] = {name: _mapped(each, change) for name, each in properties.items()}
    if isinstance(items := copy.get("items"), dict):
        copy["items"] = _mapped(items, change)
    types = copy.get("type", ())
    return change(copy) if "object" in ([types] if isinstance(types, str) else types) else copy


def _with_properties(schema: Schema) -> Schema:
    return {"properties": {}} | schema


def _without_empty_properties(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if name != "properties" or value}
