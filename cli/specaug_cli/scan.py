"""``specaug scan``"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console

import specaug
from specaug.catalog import Catalog
from specaug.records import Source, readable_path
from specaug_cli.build_dataset import _table
from specaug_cli.place import PLACE
from specaug_cli.printing import one_line, print_warnings
from specaug_cli.settings import CATALOG_SETTINGS, config_from, with_settings

_REASONS = 20
"""So many reasons are shown."""
_FIELDS = ("label", "pai", "subject", "session", "device", "split", "dataset")


@click.command("scan", short_help="What a build of RAW would use, and what not.")
@click.argument("raw", type=PLACE)
@with_settings(*CATALOG_SETTINGS)
@click.option("--json", "as_json", is_flag=True, help="Print sources and skipped files as one JSON object.")
def scan(raw: Path | str, as_json: bool, **flags: Any) -> None:
    """Say what a build of RAW would use: counts by split, label, species and subject.

    Layouts of public data sets are recognised by their names; what is not understood is listed with its reason.

    \b
    Examples:
      specaug scan raw
      specaug scan /data/Oulu_NPU --protocol 1
      specaug scan /data/MSU-MFSD --dev-from-train 0.2
      specaug scan raw --split 70,15,15
      specaug scan raw --json
    """
    catalog = specaug.scan(raw, config_from(None, flags))
    print_warnings(catalog.warnings)
    if as_json:
        click.echo(json.dumps(as_dict(catalog)))
    else:
        _print(catalog)


def as_dict(catalog: Catalog) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "layout": catalog.layout,
        "sources": [
            {"path": readable_path(s.path), **{name: getattr(s, name) for name in _FIELDS}}
            for s in catalog.sources
        ],
        "skipped": [
            {"path": readable_path(path), "reason": reason, "media": media}
            for path, reason, media in (
                *((s.path, s.reason, s.media) for s in catalog.skipped),
                *((source.path, reason, True) for source, reason in catalog.broken),
            )
        ],
        "missing": [readable_path(name) for name in catalog.missing],
        "notes": list(catalog.notes),
        "warnings": [notice.as_json() for notice in catalog.warnings],
    }


def _print(catalog: Catalog) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
    groups: dict[tuple[str, ...], list[Source]] = {}
    for source in catalog.sources:
        groups.setdefault((source.dataset, source.split, source.label, source.pai), []).append(source)
    rows = tuple(
        (*group, len({s.subject for s in members if s.subject}), len(members), readable_path(members[0].path))
        for group, members in sorted(groups.items())
    )
    names = ("dataset", "split", "label", "pai", "subjects", "sources", "such as")
    console.print(_table(f"Layout: {catalog.layout}", names, rows))
    if catalog.skipped:
        console.print(_table("Not used", ("reason", "media", "other files"), _reasons(catalog)))
    for source, reason in catalog.broken:
        console.print(f"Cannot be opened: {readable_path(source.path)!r}: {one_line(reason)}")
    for note in catalog.notes:
        console.print(one_line(note), soft_wrap=True)


def _reasons(catalog: Catalog) -> tuple[tuple[object, ...], ...]:
    """(reason, photos and videos, other files); media that were not understood come first."""
    media = Counter(s.reason for s in catalog.skipped if s.media)
    others = Counter(s.reason for s in catalog.skipped if not s.media)
    lost = {s.reason for s in catalog.skipped if s.not_understood}
    order = sorted({*media, *others}, key=lambda r: (r not in lost, -media[r], -others[r], r))
    rows: list[tuple[object, ...]] = [(r, media[r], others[r]) for r in order[:_REASONS]]
    if rest := order[_REASONS:]:
        name = f"{len(rest)} other reasons (--json lists them)"
        rows.append((name, sum(media[r] for r in rest), sum(others[r] for r in rest)))
    return tuple(rows)
