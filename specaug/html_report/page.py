"""The report: everything that was found, as one HTML file that needs nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from specaug import __version__
from specaug.checked_fields import check_arguments
from specaug.errors import ArgumentError
from specaug.html_report.exhibit import Exhibit
from specaug.html_report.failure_summary import APART, SIGNIFICANT, Losses, Rate, losses
from specaug.html_report.findings import SHORTCUT, Finding, Findings, findings, gaps, shortcut
from specaug.html_report.histogram import Histogram
from specaug.html_report.network_section import NetworkSection, network_section
from specaug.html_report.sample import Pixels, sample_pixels
from specaug.html_report.species_differences import species_differences
from specaug.html_report.survey import Kind, Survey, survey
from specaug.html_report.svg_plots import ATTACK, BONAFIDE, SYNTHETIC, histogram_plot, profile_plot
from specaug.parsing import parse_json
from specaug.records import SPLITS
from specaug.shards import read_skipped
from specaug.shards.look_alikes import ALIKE
from specaug.shards.out_hint import out_hint
from specaug.spectrum import BANDS, radial_bins
from specaug.web_page import MARKS, SCRIPT, STYLE, render
from specaug.web_page import json_block as json_block

_PLOTS = 12
"""Species that get a plot of their own; the table has all."""
_PLOTTED = ("scale", "padding", "source_pixels")
_PAIRS = 50


def report(
    out: Path | str, output: Path | str = "report.html", *, faces: bool = True, run: Path | str | None = None
) -> Findings:
    """Write a report on a built data set: one HTML file without any address of the network.

    The same OUT gives the same bytes, with the same versions of specaug and matplotlib. Memory does not grow with
    the number of clips but for 8 bytes each, a line a subject, and 10 bytes a failure.

    Parameters
    ----------
    out : path
        A finished OUT.
    output : path
        The file to write.
    faces : bool
        False leaves out every crop and all that is drawn from a single one. Names of subjects and files stay.
    run : path, optional
        A run of :func:`specaug.training.train`: the page gets a section "What the network uses", as
        :func:`specaug.explain` finds it on test. That takes minutes, and torch.

    Returns
    -------
    Findings
        What the page tells to look at first: a list of (section, text), empty where nothing is out of line. Its
        `warnings` are those that scan and build-dataset would give, too.

    Raises
    ------
    ArgumentError
        `out` is not finished, or holds no clip; or as :func:`specaug.explain` where a run is given.
    MissingDependencyError
        matplotlib or jinja2 is not installed; or torch, where a run is given.
    SpecaugError
        A shard is damaged.
    """
    check_arguments(report, out=out, output=output, faces=faces)
    out, target = Path(out), Path(output)
    head = _head(out)
    seen = survey(out)
    if not seen.clips:
        raise ArgumentError(f"out: expected at least one clip, {str(out)!r} holds none; see its failures/")
    lost = losses(out)
    pixels = sample_pixels(seen, faces=faces)
    species, extremes = species_differences(pixels, faces=faces)
    target.parent.mkdir(parents=True, exist_ok=True)
    found = findings(seen, lost, pixels, gaps(seen, read_skipped(out)))
    used = None if run is None else network_section(run, out, faces=faces)
    content = _content(head, seen, lost, pixels, found, faces=faces)
    page = _render(content | _clips(pixels, extremes) | {"species": species}, used)
    target.write_text(page, encoding="utf-8")
    return found


def _head(out: Path) -> dict[str, Any]:
    """The first line of the manifest."""
    try:
        with (out / "manifest.jsonl").open(encoding="utf-8") as lines:
            head = parse_json(next(lines, "null"))
    except (OSError, ValueError) as error:
        raise ArgumentError(
            f"out: expected a finished data set with a manifest.jsonl, got {str(out)!r}; "
            f"{out_hint(out)} (after a build in parts: specaug finalize OUT)"
        ) from error
    if not isinstance(head, dict) or not isinstance(head.get("settings"), dict):
        raise ArgumentError(f"out: the manifest in {str(out)!r} does not start with the line of a build")
    return head


def _content(
    head: dict[str, Any], seen: Survey, lost: Losses, pixels: Pixels, found: list[Finding], *, faces: bool
) -> dict[str, Any]:
    """What the template shows."""
    measured = [*seen.distributions.values(), *pixels.distributions.values()]
    shown = {name: seen.distributions[name] for name in _PLOTTED} | pixels.distributions
    return {
        "version": __version__,
        "made_by": head.get("specaug", ""),
        "settings": sorted(head["settings"].items()),
        "faces": faces,
        "clips": seen.clips,
        "subjects": len(seen.subjects),
        "synthetic": sum(n for group, n in seen.groups.items() if group.origin == "synthetic"),
        "failed": lost,
        "findings": found,
        "summary": _summary(seen),
        "leaking": seen.subjects_in_two_splits,
        "leaking_sources": seen.sources_in_two_splits,
        "rates": [(rate, _verdict(rate, lost)) for rate in lost.rates],
        "significant": SIGNIFICANT,
        "apart": APART,
        "shortcut_line": SHORTCUT,
        "shortcuts": _shortcuts(measured),
        "plots": [(h.name, histogram_plot(f"plot-{n}", h)) for n, h in shown.items() if h.held.size > 1],
        "constant": [(h.name, _about(h.edges[h.held[0]])) for h in shown.values() if h.held.size == 1],
        "profiles": _profile_plots(pixels),
        "bands": list(BANDS.items()),
        "band_table": band_table(pixels),
        "measured": pixels.clips,
        "alike": _alike(pixels),
        "alike_bits": ALIKE,
        "duplicates": sum(n for loss, n in lost.table.items() if loss.reason == "duplicate"),
        "sheets": [
            (str(kind), _size(seen, kind), len(shown)) for kind, shown in pixels.shown.items() if shown
        ],
        "tables": _tables(seen, lost),
    }


def _clips(pixels: Pixels, extremes: list[Exhibit]) -> dict[str, Any]:
    """The contact sheet, with kinds in turn so that its first lines show all of them, and what a dialog tells."""
    columns = [list(shown) for shown in pixels.shown.values() if shown]
    sheet = [item for items in zip_longest(*columns) for item in items if item is not None]
    details = {item.name: dataclasses.asdict(item) for item in (*sheet, *extremes)}
    return {
        "sheet": [(item, _finite(item.order)) for item in sheet],
        "orders": {item.name: _finite(item.order) for item in sheet},
        "splits": sorted({str(item.order["split"]) for item in sheet}),
        "labels": sorted(
            {str(item.order["label"]) for item in sheet}, key=lambda label: (label != "bona fide", label)
        ),
        "images": {item.name: item.image for item in (*sheet, *extremes)},
        # The image is that of the sheet or of the examples, where it is in the page already.
        "details": {
            name: {**item, "image": "", "order": _finite(item["order"])} for name, item in details.items()
        },
    }


def _finite(order: Mapping[str, str | float]) -> dict[str, str | float]:
    """Without what is not known, which JSON has no word for."""
    return {name: value for name, value in order.items() if isinstance(value, str) or np.isfinite(value)}


def _about(value: float) -> str:
    """A number that is known to the width of a bin: three digits, written out."""
    return f"about {float(f'{value:.3g}'):,.10g}" if value else "0"


def _size(seen: Survey, kind: Kind) -> int:
    return seen.kinds[kind].total()


def _verdict(rate: Rate, lost: Losses) -> str:
    if np.isnan(rate.p):
        return "–"
    if rate in lost.biased:
        return "bias"
    return "apart, too few sources to be sure" if rate in lost.doubtful else "no sure difference"


def _summary(seen: Survey) -> list[tuple[Any, ...]]:
    """(label, PAI, origin, clips in train, dev, test, in all)."""
    rows: dict[Kind, dict[str, int]] = {}
    for group, n in seen.groups.items():
        row = rows.setdefault(Kind(group.label, group.pai, group.origin), dict.fromkeys(SPLITS, 0))
        row[group.split] = row.get(group.split, 0) + n
    order = sorted(rows, key=lambda k: (k.label != "bonafide", k.origin == "synthetic", k))
    return [(*kind, *(rows[kind][s] for s in SPLITS), sum(rows[kind].values())) for kind in order]


def _shortcuts(histograms: Iterable[Histogram]) -> list[dict[str, Any]]:
    """Each number that can be had without looking for evidence, and how well it predicts the label."""
    rows = []
    for histogram in histograms:
        found = histogram.separation()
        if found is not None:
            rows.append({"name": histogram.name, "flag": shortcut(found), **found._asdict()})
    return rows


def _matrix(pixels: Pixels, label: str, origin: str) -> np.ndarray | None:
    rows = [
        p
        for kind, profiles in pixels.profiles.items()
        if (kind.label, kind.origin) == (label, origin)
        for p in profiles
    ]
    return np.stack(rows) if rows else None


def _profile_plots(pixels: Pixels) -> list[tuple[str, str]]:
    """Bona fide against each species, then captured attacks against synthetic ones."""
    bonafide = _matrix(pixels, "bonafide", "captured")
    if bonafide is None:
        return []
    base = [(f"bona fide ({len(bonafide)})", BONAFIDE, bonafide)]
    plots = []
    species = [k for k, rows in pixels.profiles.items() if rows and k.label == "attack"]
    for number, kind in enumerate(species[:_PLOTS]):
        colour = SYNTHETIC if kind.origin == "synthetic" else ATTACK
        rows = np.stack(pixels.profiles[kind])
        curves = [*base, (f"{kind} ({len(rows)})", colour, rows)]
        plots.append((f"bona fide and {kind}", profile_plot(f"profile-{number}", curves)))
    captured, synthetic = _matrix(pixels, "attack", "captured"), _matrix(pixels, "attack", "synthetic")
    if captured is not None and synthetic is not None:
        curves = [
            *base,
            (f"attacks ({len(captured)})", ATTACK, captured),
            (f"synthetic attacks ({len(synthetic)})", SYNTHETIC, synthetic),
        ]
        plots.append(("all attacks, captured and synthetic", profile_plot("profile-origin", curves)))
    return plots


def band_table(pixels: Pixels) -> list[tuple[str, int, list[float]]]:
    """Difference of each kind from bona fide by band, in standard deviations of bona fide clips."""
    bonafide = _matrix(pixels, "bonafide", "captured")
    if bonafide is None or len(bonafide) < 2:
        return []
    reference = _band_means(bonafide)
    spread = np.maximum(reference.std(axis=0, ddof=1), 1e-9)
    return [
        (
            str(kind),
            len(rows),
            ((_band_means(np.stack(rows)).mean(axis=0) - reference.mean(axis=0)) / spread).tolist(),
        )
        for kind, rows in pixels.profiles.items()
        if rows and kind != Kind("bonafide", "none", "captured")
    ]


def _band_means(profiles: np.ndarray) -> np.ndarray:
    """(clips, bands) means of (clips, bins)."""
    radius = radial_bins(profiles.shape[1])
    inside = [(radius >= low) & (radius < high) for low, high in BANDS.values()]
    return np.stack([profiles[:, band].mean(axis=1) for band in inside], axis=1)


def _alike(pixels: Pixels) -> list[tuple[str, str, str, str]]:
    """Pairs that look alike, those across splits first: path, split, path, split."""
    pairs = [(*pixels.names[a][1:], *pixels.names[b][1:]) for a, b in pixels.alike()]
    return sorted(pairs, key=lambda p: (p[1] == p[3], p))[:_PAIRS]


def _tables(seen: Survey, lost: Losses) -> dict[str, dict[str, Any]]:
    """Tables that are sorted and filtered in the page."""
    return {
        "groups": {
            "columns": ["split", "label", "PAI", "device", "subject", "origin", "clips"],
            "rows": [(*group, n) for group, n in sorted(seen.groups.items())],
        },
        "failures": {
            "columns": ["stage", "reason", "label", "PAI", "sources"],
            "rows": [(*loss, n) for loss, n in sorted(lost.table.items(), key=lambda i: (-i[1], i[0]))],
        },
        "examples": {
            "columns": ["split", "stage", "reason", "path", "detail"],
            "rows": lost.examples,
        },
    }


def _render(content: Mapping[str, Any], used: NetworkSection | None) -> str:
    """The page, with its own script."""
    package = "specaug.html_report"
    return render(
        {**content, "used": used},
        template=(package, "report.html"),
        scripts=(SCRIPT, (package, "report.js")),
        styles=(STYLE, MARKS, (package, "report.css")),
        rules=used.style if used else "",
    )
