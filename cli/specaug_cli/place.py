"""An argument that is a path or the address of a place in an object store."""

from __future__ import annotations

from pathlib import Path

import click

from specaug.storage import is_remote


class PlaceType(click.Path):
    """A path, or text such as ``s3://bucket/prefix``, which is kept as it is."""

    name = "place"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(  # type: ignore[override]
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | str:
        """What the command gets."""
        if isinstance(value, str) and is_remote(value):
            return value
        return super().convert(value, param, ctx)  # type: ignore[return-value]


PLACE = PlaceType()
