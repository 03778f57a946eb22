"""``specaug scan``"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from specaug.build import scan_place
from specaug.catalog import Catalog
from specaug.records import readable_path
from specaug_cli.build_dataset import _table
from specaug_cli.place import PLACE
from specaug_cli.settings import CATALOG_SETTINGS, config_from, with_settings

_FIELDS = ("label", "pai", "subject", "session", "device", "split", "dataset")


@click.command("scan")
@click.argument("raw", type=PLACE)
@with_settings(*CATALOG_SETTINGS)
@click.option("--json", "as_json", is_flag=True, help="Print sources and skipped files as one JSON object.")
def scan(raw: Path | str, as_json: bool, **flags: Any) -> None:
    """Say what a build of RAW would use: counts by split, label, species and subject.

    \b
    Examples:
      specaug scan raw
      specaug scan raw --split 70,15,15
      specaug scan raw --json
    """
    catalog = scan_place(raw, config_from(None, flags))
    if as_json:
        click.echo(json.dumps(as_dict(catalog)))
    else:
        _print(catalog)


def as_dict(catalog: Catalog) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "sources": [
            {"path": readable_path(s.path), **{name: getattr(s, name) for name in _FIELDS}}
            for s in catalog.sources
        ],
        "skipped": [
            {"path": readable_path(path), "reason": reason}
            for path, reason in (
                *((s.path, s.reason) for s in catalog.skipped),
                *((source.path, reason) for source, reason in catalog.broken),
            )
        ],
    }


def _print(catalog: Catalog) -> None:
    console = Console(highlight=False, markup=False)
    groups: Counter[tuple[str, str, str]] = Counter((s.split, s.label, s.pai) for s in catalog.sources)
    subjects = {
        group: len({s.subject for s in catalog.sources if (s.split, s.label, s.pai) == group and s.subject})
        for group in groups
    }
    rows = tuple((*group, subjects[group], n) for group, n in sorted(groups.items()))
    console.print(_table(f"Layout: {catalog.layout}", ("split", "label", "pai", "subjects", "sources"), rows))
    if catalog.skipped:
        reasons = Counter(s.reason for s in catalog.skipped)
        console.print(_table("Not used", ("reason", "sources"), tuple(reasons.most_common())))
    for source, reason in catalog.broken:
        console.print(f"Cannot be opened: {readable_path(source.path)!r}: {reason}")
    for note in catalog.notes:
        console.print(note)
