"""The SDK's stream maps, over schemas that every target can take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import PluginMapper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Schema = dict[str, Any]


class Mapper(PluginMapper):
    """Stream maps and flattening for free-form objects.

    Every object of a schema that goes out has `properties`, also where the catalog is an
    older one whose objects have none: target-snowflake fails on an object without them
    (`KeyError: 'properties'`, 0.20.4).

    Flattening replaces an object that has `properties` by a column for each of them, and so
    would remove an object whose `properties` are empty. It is therefore shown free-form
    objects without them, and turns each into one column of JSON text.
    """

    def register_raw_stream_schema(
        self, stream_name: str, schema: Schema, key_properties: Sequence[str] | None
    ) -> None:
        """Take over a stream's schema."""
        options = self.flattening_options
        flattens = options is not None and options.enabled and options.max_level > 0
        fit = _without_empty_properties if flattens else _with_properties
        super().register_raw_stream_schema(stream_name, _mapped(schema, fit), key_properties)


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
