"""What a network goes by, as a part of a page: pictures first, then tables."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

import numpy as np

from specaug.attribution.changes import ClipChange
from specaug.attribution.effects import Effect, Shift
from specaug.attribution.explanation import Explanation
from specaug.attribution.fourier_sensitivity import SensitivityMap
from specaug.attribution.integrated_gradients import PLANES, AttributionMaps
from specaug.attribution.map_pictures import (
    averaged,
    color_scale,
    face_picture,
    frequency_map,
    picture,
    signed_picture,
    whole_plane,
)
from specaug.attribution.svg_figures import change_rows, reliance_curve

_CLASSES = ("bona fide", "attacks")
_FACE = 80
"""Pixels of a map on the face, at most."""
_LIMITS = (
    "A change that moves the errors shows that the decision rests on what was taken, together with all else that was "
    "left. A change that moves nothing does not show that the network ignores it: two cues that are each enough cover "
    "for each other.",
    "The interval of a change that no clip noticed is as wide as the number of subjects allows: few subjects cannot "
    "show that something does not matter.",
    "Changed clips are not clips that a camera gives. What a network does with them is a fact about the network, and "
    "not what it would do on other attacks.",
    "Waves and gradients tell what moves the logit of a clip, not what the classes differ in. Views are changed one by "
    "one on the way of the gradients, although they come from the same frames.",
)


def style() -> str:
    """The style sheet of the section; colors are those of the page."""
    return (files("specaug.attribution") / "assets/section.css").read_text(encoding="utf-8")


def section_html(found: Explanation, *, faces: bool = True) -> str:
    """The section without its heading.

    Parameters
    ----------
    found : Explanation
    faces : bool
        False leaves out the mean faces of the classes.
    """
    parts = [_sample(found), _findings(found)]
    if found.effects:
        parts.append(_changes(found))
    if found.waves is not None:
        parts.append(_waves(found.waves))
    if found.gradients is not None:
        parts.append(_gradients(found.gradients, found.faces if faces else None))
    if found.effects:
        parts.append(_table(found))
    if found.gradients is not None:
        parts.append(_totals(found.gradients))
    notes = "".join(f"<li>{escape(note)}</li>" for note in (*found.notes, *_LIMITS))
    return "\n".join([*parts, f'<h3>What this can and cannot show</h3><ul class="uses-notes">{notes}</ul>'])


def _sample(found: Explanation) -> str:
    bonafide, attack = found.clips
    base = found.base
    rates = ", ".join(
        f"{name.upper()} {100 * getattr(base, name):.1f} % ({100 * low:.0f} to {100 * high:.0f})"
        for name, (low, high) in base.intervals.items()
    )
    return (
        f'<p class="note">{escape(found.network)} on {bonafide} bona fide and {attack} attack clips, of '
        f"{found.available:,} {found.config.split} clips of {escape(found.dataset)}; {found.subjects} subjects; "
        f"{found.frames} frames of {found.shape[1]}×{found.shape[0]} px. Threshold {found.threshold.value:.4g}: "
        f"{escape(found.threshold.rule)}. As they are: {rates}.</p>"
    )


def _findings(found: Explanation) -> str:
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in found.findings())
    return f'<ul class="uses-findings">{lines}</ul>' if lines else ""


def _changes(found: Explanation) -> str:
    bands = [pair for pair in found.effects if pair[0].kind == "band"]
    others = [pair for pair in found.effects if pair[0].kind != "band"]
    figures = []
    if bands:
        stands_in = (
            "the mean amplitude of the other class" if found.config.fill == "class-mean" else "nothing"
        )
        figures.append(
            _figure(f"Frequency bands, {stands_in} in place of one at a time", reliance_curve(bands))
        )
    if others:
        title = "Directions, color, views and frames, one taken at a time"
        figures.append(_figure(title, change_rows(others, title)))
    return (
        '<h3>What the decisions rest on</h3><p class="note">Change of the error rates at the threshold, in points of '
        "percent. Both rates up: the network decided by what was taken. One up and the other down: taking it moves all "
        "clips one way. Intervals over subjects, 95 % for all changes together.</p>"
        f'<div class="uses-figures">{"".join(figures)}</div>'
    )


def _figure(title: str, content: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{content}</figure>"


def _waves(waves: SensitivityMap) -> str:
    maps = [whole_plane(plane) for plane in waves.mean]
    scale = max(float(np.abs(waves.mean).max()), 1e-12)
    figures = "".join(
        frequency_map(plane, scale, f"{n} {name}")
        for plane, name, n in zip(maps, _CLASSES, waves.clips, strict=True)
    )
    return (
        '<h3>What a wave of each frequency does</h3><p class="note">Mean change of the logit when a gray wave of '
        f"{255 * waves.amplitude:.3g} levels is added to all frames: orange towards attack, blue towards bona fide, "
        f"opaque at {scale:.3g} (Fourier sensitivity).</p>"
        f'<div class="uses-figures maps">{figures}</div>'
    )


def _gradients(gradients: AttributionMaps, faces: np.ndarray | None) -> str:
    parts = [
        '<h3>Where the logit comes from</h3><p class="note">Integrated gradients from the mean bona fide clip: orange '
        "speaks for an attack, blue for bona fide; coverage is the square root of the size. One scale for all planes "
        f"of a view. {gradients.steps} steps; the shares of a clip miss the difference of its logit by "
        f"{100 * gradients.gap:.1f} % on average.</p>"
    ]
    if "spectrum" in gradients.maps:
        both = [averaged(plane) for plane in gradients.maps["spectrum"]]
        scale = color_scale(*both)
        figures = "".join(
            frequency_map(plane, scale, f"spectrum, {n} {name}", reach=0.0)
            for plane, name, n in zip(both, _CLASSES, gradients.clips, strict=True)
        )
        parts.append(f'<div class="uses-figures maps">{figures}</div>')
    return "".join([*parts, *_face_rows(gradients, faces)])


def _face_rows(gradients: AttributionMaps, faces: np.ndarray | None) -> list[str]:
    """The color planes on the face, a row for each class."""
    maps = {
        name: [averaged(p, _FACE) for p in both]
        for name, both in gradients.maps.items()
        if name != "spectrum"
    }
    scales = {
        name: color_scale(*(plane for other in names if other in maps for plane in maps[other]))
        for names in PLANES.values()
        for name in names
        if name in maps
    }
    rows = []
    for label, kind in enumerate(_CLASSES if maps else ()):
        shown = [] if faces is None else [picture(face_picture(faces[label]), f"{kind}, mean frame")]
        shown += [
            picture(signed_picture(both[label], scales[name]), f"{kind}, {name}")
            for name, both in maps.items()
        ]
        rows.append(f'<ul class="uses-strip">{"".join(shown)}</ul>')
    return rows


def _table(found: Explanation) -> str:
    head = ("without", "what is taken", "ACER", "APCER", "BPCER", "logit, bona fide", "logit, attacks")
    rows = [_row(change, effect) for change, effect in found.effects]
    return _html_table(
        "Every change, in points of percent and in logits, with simultaneous 95 % intervals", head, rows
    )


def _row(change: ClipChange, effect: Effect) -> tuple[bool, list[str]]:
    rates = [_shift(shift, 100, 0) for shift in (effect.acer, effect.apcer, effect.bpcer)]
    logits = [_shift(shift, 1, 2) for shift in (effect.bonafide_logit, effect.attack_logit)]
    return effect.acer.shown, [change.name, change.about, *rates, *logits]


def _shift(shift: Shift, unit: float, digits: int) -> str:
    # Adding 0 makes a number that was rounded to -0 one without a sign of its own.
    value, low, high = (
        f"{round(unit * v, digits) + 0.0:+.{digits}f}" for v in (shift.value, shift.low, shift.high)
    )
    return f"{value} ({low} to {high})"


def _totals(gradients: AttributionMaps) -> str:
    rows = [
        (False, [name, *(f"{value:+.3f}" for value in totals)]) for name, totals in gradients.totals.items()
    ]
    rows.append((False, ["all together", *(f"{value:+.3f}" for value in gradients.difference)]))
    return _html_table(
        "Share of each plane in the logit, against the mean bona fide clip", ("plane", *_CLASSES), rows
    )


def _html_table(caption: str, head: Iterable[str], rows: Iterable[tuple[bool, list[str]]]) -> str:
    tops = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr{" class=uses-shown" if strong else ""}><th scope="row">{escape(cells[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])
        + "</tr>"
        for strong, cells in rows
    )
    label = escape(caption, quote=True)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table class="uses-table"><caption>{label}'
        f"</caption><thead><tr>{tops}</tr></thead><tbody>{body}</tbody></table></div>"
    )
