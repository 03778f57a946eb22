"""Write docs/color.md from the results of benchmarks/bench_color.py and bench_align.py.

python docs/make_color.py
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
COLOR = ROOT / "benchmarks" / "results" / "color.json"
ALIGN = ROOT / "benchmarks" / "results" / "align.json"
PAGE = ROOT / "docs" / "color.md"

WAYS = {
    "specaug": "specaug",
    "swscale": "swscale as PyAV calls it",
    "swscale accurate": "swscale, bicubic, with its flags for accuracy",
}
SUBSAMPLINGS = {"420": "4:2:0", "422": "4:2:2", "444": "4:4:4"}
REDUCING = 1.5
"""Reduction from which the filters before the warp have room to stop what would fold."""

HEAD = """# Colour and detail

What a crop keeps of the colours and the detail of its source, measured. How crops are cut, and what each row says of
it, is in [reliability](reliability.md#colours-and-geometry).
"""

COLORS = """
## Colour

A synthetic frame (zone plate, edges of colour, ramps, noise, stripes of colour at the finest pitch) was coded
without loss in {combinations} combinations of subsampling, depth (8 and 10 bits), matrix (BT.601, BT.709, BT.2020),
range and place of chroma, and cropped at scale 1. The reference is calculated in float64 from the planes and
rounded once. Errors are in levels of 8 bits: the largest mean error of a channel, and the largest error of a value.
*Chroma energy* is that of R − Y above 0.4 cycles/px as a share of the reference's, least and most: below 1, detail
of colour was lost; above 1, it was invented.
"""

NOTES = """
The frame is made to be hard: where colour changes from one pixel to the next, whoever repeats or misplaces a sample is
wrong by many levels, and where chroma was averaged the reference has next to no energy, so that what repeating samples
invents is many times as much. The mean error is a tint, and it differs by the format of the file, which differs by
device.

- The reference against FFmpeg's zscale (zimg), 4:2:0, BT.709: mean error {zscale_mean}, largest {zscale_inside}
  away from the border, where zimg repeats the last sample and this library mirrors; chroma energy {zscale_energy}.
- A lossless RGB video: largest error {rgb}.
- Vector instructions: crops for given warps, SDR, HDR and wide gamut, are {same} with and without those that
  OpenCV, NumPy and OpenBLAS choose by the processor ({digests} runs). The detector is a network, whose sums have
  another order on another processor: landmarks moved by up to {moved} px in {faces} drawn faces of 1080p. So crops
  along given boxes (`--detector sidecar --align box`) are the same bytes on every processor, those of a detector on
  processors with the same instructions.
- One 1080p clip of {frames} frames, detector included, against the version before, which converted whole frames:
  {cpu} of its CPU time and {peak} of its peak memory ({mib} MiB), medians of {repeats} runs in turn.
"""

DETAIL = """
## Detail

The warp reduces and turns in one go, after a filter. No filter of finite length passes all that fits into a crop and
stops all that does not. The figures are those of gratings along an axis of the source, worst of turns by 0, 20 and
45 degrees, in cycles/px of the crop, where 0.5 is the finest that it can hold:
"""

READING = """
*Gain* is the share of the amplitude that is kept. What is *kept* of 0.55 cycles/px is an alias: it comes out at 0.45.
*False* is the share of a grating which fits that comes out at other frequencies; it is largest near the finest.
*Overshoot* is how far an edge is left on either side, as a share of its step: filters that keep detail ring. Below a
reduction of 1, where the crop enlarges, the interpolation alone does so, by {enlarged} of the step.

{claim}

### Values, not light

The warp works on the values as they are stored, which are gamma-coded, and not on linear light. Detectors and networks
are trained on images that were scaled so, and its errors are even: an edge from 0.2 to 0.8 of sRGB is left by

{light}

In linear light the dark side of such an edge goes down to black, which is {dark} of its step. The price of values is
brightness: a grating between the two, too fine to be kept, becomes {fine_values} and not the {fine_light} of its
mean light.

### Bytes and floats

Bytes are rounded and clipped to 0 to 255; floats are held within the values that the source has there, since they have
no range of their own. So crops by `align_face` of one image in uint8 and in float32 differ at hard edges, where bytes
overshoot: by up to {edge} levels at an edge of 128 levels, and by {smooth} in a smooth image, where halving
rounds once more. Builds cut from planes in float64 and round once.

### Another kernel

Interpolation is bicubic with a = −0.75, as in OpenCV. Nearer to 0 it overshoots less where crops are enlarged, but
keeps less detail and, from 0.25 cycles/px on, puts more of it at false frequencies; time is the same. A row shifted
by every part of a pixel, in source cycles/px:
"""


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{100 * share:.0f} %"


def made(result: dict[str, Any]) -> str:
    """Where and when a result was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return f"Measured {result['date']} at commit {result['commit']} on {result['machine']}; {versions}."


def colors(figures: dict[str, Any]) -> list[str]:
    """The worst of each way, by subsampling."""
    rows = []
    for way, name in WAYS.items():
        for key, subsampling in SUBSAMPLINGS.items():
            found = [row[way] for setting, row in figures["accuracy"].items() if setting.startswith(key)]
            energies = [one["chroma_energy"] for one in found]
            rows.append(
                [
                    name,
                    subsampling,
                    f"{max(one['mean'] for one in found):.2f}",
                    f"{max(one['largest'] for one in found):.0f}",
                    f"{min(energies):.2f} to {max(energies):.2f}",
                ]
            )
    return table(["", "subsampling", "mean error", "largest error", "chroma energy"], rows)


def notes(figures: dict[str, Any]) -> str:
    """What else was checked of colours."""
    zscale, simd, speed = figures["zscale"], figures["simd"], figures["speed"]
    return NOTES.format(
        zscale_mean=zscale["mean"],
        zscale_inside=f"{zscale['largest_inside']:.0f}",
        zscale_energy=f"{zscale['chroma_energy']:.3f}",
        rgb=f"{figures['rgb_largest']:.0f}",
        same="the same bytes" if simd["same"] else "different",
        digests=len(simd["digests"]),
        moved=f"{simd['landmarks_moved_px']:.2f}",
        faces=simd["faces"],
        frames=speed["frames"],
        cpu=percent(speed["cpu_ratio_now_to_before"]),
        peak=percent(speed["peak_ratio_now_to_before"]),
        mib=f"{speed['peak_mib_now']:.0f}",
        repeats=speed["repeats"],
    )


def bands(figures: dict[str, Any]) -> list[str]:
    """Pass band, stop band, false frequencies and overshoot by reduction."""

    def cell(value: float | None) -> str:
        return "–" if value is None else percent(value)

    rows = [
        [
            scale,
            f"{percent(band['least_gain_to_0.35'])} to {percent(band['largest_gain_to_0.35'])}",
            cell(band["kept_at_0.55"]),
            cell(band["kept_from_0.65"]),
            percent(band["false_to_0.3"]),
            percent(band["false_to_0.45"]),
            percent(figures["overshoot"][scale]),
        ]
        for scale, band in figures["bands"].items()
    ]
    head = [
        "reduction",
        "gain to 0.35",
        "kept at 0.55",
        "kept from 0.65",
        "false to 0.30",
        "false to 0.45",
        "overshoot",
    ]
    return table(head, rows)


def claim(figures: dict[str, Any]) -> str:
    """The warp in one sentence, from a reduction of `REDUCING` on."""
    found = [band for scale, band in figures["bands"].items() if float(scale) >= REDUCING]
    step = [share for scale, share in figures["overshoot"].items() if float(scale) >= REDUCING]
    low, high = (
        min(band["least_gain_to_0.35"] for band in found),
        max(band["largest_gain_to_0.35"] for band in found),
    )
    kept = [band["kept_at_0.55"] for band in found]
    stopped = max(band["kept_from_0.65"] for band in found)
    return (
        f"from a reduction of {REDUCING:g} on, gratings up to 0.35 cycles/px of the crop keep {percent(low)} to "
        f"{percent(high)} of their amplitude, those of 0.55, which fold, {percent(min(kept))} to "
        f"{percent(max(kept))}, and those from 0.65 on at most {percent(stopped)}; edges overshoot by "
        f"{percent(min(step))} to {percent(max(step))} of their step"
    )


def light(figures: dict[str, Any]) -> list[str]:
    """Overshoot of values and of linear light."""
    rows = []
    for scale in dict.fromkeys(name.split(", ")[0] for name in figures["light"]):
        cells = [figures["light"][f"{scale}, {name}"] for name in ("values", "linear light")]
        rows.append([scale, *(percent(cell[side]) for cell in cells for side in ("dark", "bright"))])
    head = ["reduction", "values, dark side", "bright side", "linear light, dark side", "bright side"]
    return table(head, rows)


def reading(figures: dict[str, Any]) -> str:
    """What the table of bands says, and how values, bytes and kernels differ."""
    shares = figures["light"]
    middle = percent(figures["bands"]["1.2"]["kept_at_0.55"])
    short = (
        f"In short: {claim(figures)}. From a reduction of 1 to one of {REDUCING:g} the filter sets in by and by; at "
        f"1.2, a grating of 0.55 cycles/px keeps {middle}."
    )
    return READING.format(
        enlarged=percent(figures["overshoot"]["0.5"]),
        claim=textwrap.fill(short, 120),
        light="\n".join(light(figures)),
        dark=percent(max(cell["dark"] for name, cell in shares.items() if "linear" in name)),
        fine_values=f"{shares['3, values']['fine_grating']:.2f}",
        fine_light=f"{shares['3, linear light']['fine_grating']:.2f}",
        edge=f"{figures['bytes']['edge']:.0f}",
        smooth=f"{figures['bytes']['smooth']:.1f}",
    )


def kernels(figures: dict[str, Any]) -> list[str]:
    """Keys' parameter."""
    names = ("0.15", "0.25", "0.35")
    rows = [
        [
            a.replace("-", "−"),
            percent(found["overshoot"]),
            *(percent(found[f"gain_at_{f}"]) for f in names),
            *(f"{100 * found[f'false_at_{f}']:.1f} %" for f in names),
        ]
        for a, found in figures["cubic"].items()
    ]
    head = ["a", "overshoot", *(f"gain at {f}" for f in names), *(f"false at {f}" for f in names)]
    return table(head, rows)


def page(color: dict[str, Any], align: dict[str, Any]) -> str:
    """The page as text."""
    figures = color["figures"]
    return "\n".join(
        [
            HEAD + COLORS.format(combinations=figures["combinations"]),
            *colors(figures),
            notes(figures),
            f"{made(color)} Written by `docs/make_color.py` from `benchmarks/results/color.json`.",
            DETAIL,
            *bands(align["figures"]),
            reading(align["figures"]),
            *kernels(align["figures"]),
            "",
            f"{made(align)} From `benchmarks/results/align.json`.",
            "",
        ]
    )


def main() -> None:
    """Write the page."""
    color, align = (json.loads(path.read_text()) for path in (COLOR, ALIGN))
    PAGE.write_text(page(color, align))


if __name__ == "__main__":
    main()
