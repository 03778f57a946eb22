"""Write docs/scaling.md from the result of benchmarks/bench_scale.py.

python docs/make_scaling.py
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "scale.json"
COST = RESULT.with_name("frame_cost.json")
PAGE = ROOT / "docs" / "scaling.md"
NODES, CORES = 100, 32
"""The cluster of the arithmetic."""
STAGES = ("probe", "decode", "detect", "align", "encode")
STEPS = {
    "scan": "scan: names of RAW to sources",
    "plan": "plan: samples of files, duplicates, shards; written",
    "load": "load the plan",
    "extend": "confirm the plan against RAW (a whole build)",
    "finalize": "finalize: sums, manifest, card",
}


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)] + [""]


def one_source(figures: dict[str, Any], what: str) -> list[str]:
    """A row for each length or resolution."""
    rows = []
    for setting, film in figures.items():
        seconds = film["seconds"]
        share = [f"{1e3 * seconds[stage]:.0f}" for stage in STAGES]
        rows.append(
            [
                setting,
                f"{film['source_frames']}",
                f"{film['file_bytes'] / 1e6:.2f}",
                *share,
                f"{1e3 * film['cpu_seconds_a_sampled_frame']:.0f}",
                f"{film['bytes_read_over_file_bytes']:.2f}",
            ]
        )
    head = [
        what,
        "frames",
        "MB",
        *(f"{stage}, ms" for stage in STAGES),
        "CPU ms a sampled frame",
        "bytes read / file",
    ]
    return table(head, rows)


def many_sources(figures: dict[str, Any]) -> list[str]:
    """Rates and memory."""
    rows = []
    for count, run in figures.items():
        thirds = run["median_mib_by_third_of_the_shards"]
        memory = [
            f"{run['peak_mib'][role]:.0f} ({_flow(thirds[role])})"
            for role in ("parent", "workers", "children")
        ]
        rows.append([f"{int(count):,}", f"{run['sources_a_second']:.0f}", *memory, f"{run['out_files']}"])
    return table(
        ["sources", "a second", "parent, MiB", "workers, MiB", "children, MiB", "files in OUT"], rows
    )


def _flow(values: list[float]) -> str:
    return " → ".join(f"{value:.0f}" for value in values)


def plans(figures: dict[str, Any]) -> list[str]:
    """Seconds and memory of each step."""
    counts = list(figures)
    rows = [[text, *(_step(figures[n][step]) for n in counts)] for step, text in STEPS.items()]
    rows.append(["shards", *(f"{figures[n]['shards']:,}" for n in counts)])
    rows.append(["size of the plan, MiB", *(f"{figures[n]['plan_mib']:.0f}" for n in counts)])
    return table(["sources", *(f"{int(n):,}" for n in counts)], rows)


def _step(step: dict[str, float]) -> str:
    return f"{step['cpu_seconds']:.1f} s, {step['peak_mib']:.0f} MiB"


def cluster(figures: dict[str, Any]) -> list[str]:
    """What a run of 100 nodes asks of each part, from the figures above."""
    count, plan = max(((int(n), run) for n, run in figures["plan"].items()), key=lambda item: item[0])
    rows = []
    films = {"360p, 200 frames": figures["length"]["200"], "1080p, 60 frames": figures["resolution"]["1080"]}
    for name, film in films.items():
        wall = count * film["seconds"]["cpu"] / (NODES * CORES)
        start = sum(plan[step]["cpu_seconds"] for step in ("scan", "load", "extend"))
        rows.append(
            [
                name,
                f"{count * film['seconds']['cpu'] / 3600:,.0f}",
                f"{wall / 60:.1f}",
                f"{count * film['file_bytes'] / wall / 1e9:.1f}",
                f"{count * film['clip_bytes'] / wall / 1e9:.1f}",
                f"{count / wall:,.0f}",
                f"{plan['shards'] / wall:.0f}",
                f"{(start + plan['finalize']['cpu_seconds']) / wall:.2f}",
            ]
        )
    head = [
        "sources",
        "CPU hours",
        "minutes on all cores",
        "GB/s read",
        "GB/s written",
        "sources/s",
        "shards/s",
    ]
    return table([*head, "start and end / work"], rows)


def _one(figures: dict[str, Any]) -> list[str]:
    """One source."""
    return [
        "## One source",
        "",
        "H.264 of 4:3 with sensor noise, keyframe intervals as x264 chooses them, 8 sampled frames, default detector,",
        "one process. The stages are wall milliseconds of the source, medians. Longer videos cost what lies between",
        "wanted frames and the keyframes before them; everything behind decoding depends on the sampled frames alone.",
        "",
        "By length, 360p:",
        "",
        *one_source(figures["length"], "length"),
        "By resolution, 60 frames:",
        "",
        *one_source(figures["resolution"], "height, px"),
    ]


def _many(figures: dict[str, Any]) -> list[str]:
    """Many sources."""
    return [
        "## Many sources",
        "",
        "Tiny ones (96 x 80 px, three photos for every clip), faces given, two workers: what remains is the cost",
        "around the pixels. Memory is proportional size (shared pages counted once), sampled twice a second: the peak,",
        "and in brackets the medians while the first, second and last third of the shards were made.",
        "",
        *many_sources(figures["sources"]),
    ]


def _workers(figures: dict[str, Any]) -> list[str]:
    """Several workers."""
    workers = ", ".join(f"{n}: {ratio:.2f}" for n, ratio in figures["workers"]["j1_over_j"].items())
    return [
        f"Speed of several workers against one, 16 videos, one a shard: {workers}.",
        "",
    ]


def _plans(figures: dict[str, Any]) -> list[str]:
    """Plans."""
    return [
        "## Plans",
        "",
        "Real files of a few bytes, each step in a process of its own, on a local disk with warm caches: CPU seconds",
        "and largest resident size. What a network adds to each operation on a name comes on top.",
        "",
        *plans(figures["plan"]),
    ]


def _run(figures: dict[str, Any]) -> list[str]:
    """A run on many nodes."""
    _, plan = max(((int(n), run) for n, run in figures["plan"].items()), key=lambda item: item[0])
    return [
        f"## A run of {NODES} nodes",
        "",
        f"{max(map(int, figures['plan'])):,} sources on {NODES} nodes of {CORES} cores like the one measured, with",
        f"`--shard-index` 0 to {NODES - 1} of `--shard-count {NODES}`. Work is CPU seconds a source times sources over",
        "cores; bytes are those of the files (later passes over a file come from the page cache) and of the crops.",
        "*Start and end* are scan, load and confirm, which every node does at the same time, and finalize, which one",
        "does: serial time over that of the work.",
        "",
        *cluster(figures),
        "What bounds such a run:",
        "",
        "- **Start and end.** Every node scans the names of RAW and loads the plan, whatever its share; a part then",
        "  opens its own files and new ones, not those of other parts, so that its *confirm* is shorter than the one",
        "  in the table, which is of all files. The first part makes the plan: start it first, and the others once",
        "  `OUT/.specaug/plan.json` is there, or all of them make the same plan at once.",
        "- **Bandwidth of the shared file system**, as in the table. Each raw byte is read once for decoding, up to",
        f"  48 KiB a file for its id. The plan ({plan['plan_mib']:.0f} MiB) is read once a node.",
        "- **Operations on names.** A source costs a directory entry and a stat in the scan, three stats and an open",
        "  in the plan, two or three opens while it is decoded. A shard costs a data file and a receipt, each created,",
        "  synced and renamed, its folder synced, and a failure file where something failed. Shards hold up to 64",
        "  sources (`sources_per_shard`), so that this is a fraction of an operation a source.",
        "- **The tail.** The last shard of a part ends alone: at worst 64 sources on one core, each bounded by",
        "  `--timeout`.",
        "",
        "Nothing else is shared: no node talks to another.",
    ]


def frame_cost(result: dict[str, Any]) -> list[str]:
    """A sampled frame and a start against an earlier commit, and what would save decoding, as far as measured."""
    figures = result["figures"]
    parts = {"frames": _frames, "start": _start, "snap": _snap, "decoder": _decoder}
    when = (
        f"Measured {result['date']} at commit {result['commit']} by `benchmarks/bench_frame_cost.py`, "
        f"in turns with commit {figures['against']}, which searched every frame whole: CPU time, medians "
        "of a loaded machine; ratios are medians of pairs. Parts were measured at "
        "different commits of that day."
    )
    return [
        *("## A sampled frame", ""),
        *_wrapped(when),
        *(line for name, text in parts.items() if name in figures for line in text(figures[name])),
    ]


def _frames(found: dict[str, Any]) -> list[str]:
    rows = [_pair(name, pair) for name, pair in found.items()]
    return [
        *_wrapped("A drawn person under sensor noise, default settings, one process:"),
        *table(["video", "before, CPU ms a sampled frame", "now", "ratio"], rows),
    ]


def _start(found: dict[str, Any]) -> list[str]:
    return [
        *_wrapped(
            "`specaug build-dataset` of a photo, with all its processes. pyarrow imports pandas where that is "
            "installed, as it was here; specaug does not need it."
        ),
        *table(["", "before, CPU s", "now", "ratio"], [_pair(name, pair) for name, pair in found.items()]),
    ]


def _snap(found: dict[str, Any]) -> list[str]:
    rows = [
        [
            *(name, f"{one['keyframes']}", f"{one['moved']} of 8"),
            *_pair("", one["decode"])[1:],
            f"{one['clip']['ratio']:.2f}",
        ]
        for name, one in found.items()
    ]
    head = ["video", "keyframes", "frames that moved", "decode, CPU ms", "with keyframes", "ratio"]
    return [
        *("## Keyframes", ""),
        *_wrapped(
            "`--snap keyframe` moves a sampled frame to the nearest keyframe that decoding can begin "
            "with, if that is less than half as far away as the nearest other sampled frame; with "
            "`--sampling uniform` that is half of the sampling step. Where keyframes are farther apart, "
            "and in the few containers whose frames have to be counted, frames stay. Frames of "
            "`consecutive` stay too. It is a setting of the plan: a resumed build keeps it. Keyframes are "
            "compressed otherwise than the frames between, so use it for all of a data set or for none of "
            "it. 360p H.264, keyframes as x264 chooses them, 8 sampled frames:"
        ),
        *table([*head, "ratio of a clip"], rows),
    ]


def _decoder(found: dict[str, Any]) -> list[str]:
    return [
        *_wrapped("What is not done, on decoding all of a 1080p video, in seconds:"),
        *table(["", "as it is", "changed", "ratio"], [_pair(name, pair) for name, pair in found.items()]),
        *_wrapped(
            "**The loop filter stays.** Frames that the detector looks at are those that are cropped, by "
            "one decode, and a frame without its filter is a wrong reference for the frames after it. "
            "Only frames between, by which links in doubt are settled, are never cropped, and few clips "
            "need them. FFmpeg's decoder of H.264 has no `lowres`."
        ),
        *_wrapped(
            "**One thread a source.** Workers take sources, so cores idle only while the last sources of "
            "a build are worked on, which a worker does not know. A decoder with several threads also "
            "gives frames later than their packets, while damage is told by packet."
        ),
    ]


def _pair(name: str, found: dict[str, float]) -> list[str]:
    return [name, f"{found['before']:g}", f"{found['now']:g}", f"{found['ratio']:.2f}"]


def _wrapped(text: str) -> list[str]:
    """Lines of a paragraph."""
    return [*textwrap.wrap(text, 118, break_on_hyphens=False), ""]


SECTIONS = (
    (("length", "resolution"), _one),
    (("sources",), _many),
    (("workers",), _workers),
    (("plan",), _plans),
    (("plan", "length", "resolution"), _run),
)


def page(result: dict[str, Any], cost: dict[str, Any]) -> str:
    """The text of the page, of the parts that were measured."""
    figures = result["figures"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines = [
        "# Scaling",
        "",
        f"Measured {result['date']} at commit {result['commit']} on {result['machine']}; {versions}. Written by",
        "`docs/make_scaling.py` from `benchmarks/results/scale.json`; to measure again:",
        "",
        "```",
        "OMP_NUM_THREADS=1 python benchmarks/bench_scale.py",
        "python docs/make_scaling.py",
        "```",
        "",
    ]
    for parts, text in SECTIONS:
        if all(part in figures for part in parts):
            lines += text(figures)
    lines += ["", *frame_cost(cost)]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(RESULT.read_text()), json.loads(COST.read_text())))
