"""Write docs/howto/which-margin.md from the results of benchmarks/bench_margins.py, and draw its pictures.

    python docs/make_margins.py [--only-text]

The face is one of ``specaug demo``: drawn by this library, no person.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from specaug.align import TEMPLATE, align_face, inverse_warp, similarity, template, warp_scale
from specaug.augment.recapture.camera import film, lens
from specaug.demo_data.devices import devices_of
from specaug.demo_data.portrait import draw_portrait
from specaug.demo_data.render import render
from specaug.demo_data.scene import sample_scene
from specaug.demo_data.subject import sample_subject
from specaug.faces import CenterFace
from specaug.preview_sheet import Tile, contact_sheet
from specaug.records import Face

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "margins.json"
PAGE = ROOT / "docs" / "howto" / "which-margin.md"
PICTURES = ROOT / "docs" / "howto" / "images"
SIDE = 150
AWAY = 0.55
"""How large the subject is filmed, as a share of what `specaug demo` draws."""

BOX_FACTORS = {
    "CDCN 1.2": 1.2,
    "CDCN 1.3": 1.3,
    "CDCN 1.5": 1.5,
    "Silent-Face 2.7": 2.7,
    "Silent-Face 4": 4.0,
}

CHIP = np.array(
    [
        [0.224152, 0.2119465],
        [0.75610125, 0.2119465],
        [0.490127, 0.628106],
        [0.254149, 0.780233],
        [0.726104, 0.780233],
    ]
)
"""Mean face of the chips that mxnet_mtcnn_face_detection cuts, as shares of the chip without padding."""
CHIP_EYES = (0.5, 0.4)
"""Where the middle between the eyes is put in a chip, whatever its padding."""


@dataclass(frozen=True)
class Shown:
    """A crop of the field, and the margin that shows as much."""

    name: str
    margin: float
    quad: np.ndarray
    """(4, 2) corners of the crop in the image, px, from the top left one on."""


def chip_margin(padding: float) -> float:
    """The margin whose crop shows a face as large as a chip of that padding does."""
    chip = (CHIP + padding) / (1 + 2 * padding)
    return warp_scale(similarity(TEMPLATE, chip)) / 112


def chip_quad(face: Face, padding: float) -> np.ndarray:
    """Corners of a chip: turned and scaled by five points, placed by the eyes."""
    back = inverse_warp(similarity(face.landmarks, (CHIP + padding) / (1 + 2 * padding)))
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) - CHIP_EYES
    return corners @ back[:, :2].T + face.landmarks[:2].mean(axis=0)


def box_quad(face: Face, factor: float, size: tuple[int, int], *, kept_whole: bool) -> np.ndarray:
    """Corners of a box times `factor` that stays in an image of (width, height).

    `kept_whole`: the factor is made smaller and the box moved until it fits, as Silent-Face does; otherwise what
    lies outside is cut off, as CDCN does.
    """
    limit, sides = np.array(size, float), face.box[2:] - face.box[:2]
    if kept_whole:
        factor = min(factor, *((limit - 1) / sides))
    start = face.center - factor * sides / 2
    end = start + factor * sides
    if kept_whole:
        shift = np.maximum(-start, 0) - np.maximum(end - limit, 0)
        start, end = start + shift, end + shift
    start, end = np.clip(start, 0, limit), np.clip(end, 0, limit)
    return np.array([start, [end[0], start[1]], end, [start[0], end[1]]])


def cut(image: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """The image within four corners, stretched to a square."""
    goal = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE]], np.float32) - 0.5
    warp = cv2.getAffineTransform(quad[:3].astype(np.float32), goal)
    return cv2.warpAffine(image, warp, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_CONSTANT)


def subject() -> tuple[np.ndarray, Face]:
    """A drawn subject, filmed from far enough for a crop of four boxes, and its face."""
    rng = np.random.default_rng(5)
    portrait = draw_portrait(sample_subject(5, rng=rng), rng=rng)
    scene = sample_scene((800, 800), 1, rng=rng)
    scene = replace(scene, px_per_unit=AWAY * scene.px_per_unit)
    camera = devices_of("train", seed=0).camera(rng=rng)
    lights = (lens(light, camera.lens_sigma) for light in render(portrait, scene, 1))
    image = np.ascontiguousarray(next(iter(film(lights, camera, white=scene.white, rng=rng))))
    return image, max(CenterFace()(image), key=lambda face: face.size)


def shown(image: np.ndarray, face: Face, figures: dict[str, Any]) -> list[Shown]:
    """Crops of the field around a face."""
    size = (image.shape[1], image.shape[0])
    root = usual(figures)
    found = [Shown(f"MTCNN chip, padding {p:g}", chip_margin(p), chip_quad(face, p)) for p in (0.0, 0.37)]
    for name, factor in BOX_FACTORS.items():
        quad = box_quad(face, factor, size, kept_whole=name.startswith("Silent"))
        found.append(Shown(name, factor * root, quad))
    crop = inverse_warp(similarity(face.landmarks, template(SIDE, 1.3)))
    corners = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]]) - 0.5
    found.append(Shown("DeepfakeBench 1.3", 1.3, corners @ crop[:, :2].T + crop[:, 2]))
    return sorted(found, key=lambda one: one.margin)


def crops(image: np.ndarray, face: Face, figures: dict[str, Any]) -> np.ndarray:
    """Crops of the field, and beneath each the crop of this library with the margin that shows as much."""
    each = shown(image, face, figures)
    tiles = [Tile(cut(image, one.quad), one.name) for one in each]
    for one in each:
        crop, _ = align_face(image, face.landmarks, size=SIDE, margin=one.margin)
        tiles.append(Tile(np.asarray(crop), f"--margin {one.margin:.2f}"))
    return contact_sheet(tiles, columns=len(each))


def save(name: str, sheet: np.ndarray) -> None:
    """256 colours halve the file."""
    PICTURES.mkdir(exist_ok=True)
    picture = Image.fromarray(sheet).quantize(256, dither=Image.Dither.NONE)
    picture.save(PICTURES / f"{name}.png", optimize=True)


HEAD = """# Which margin?

A crop's width decides what a detector of attacks can see: skin and screen alone, or the border of a photo, a bezel,
a hand. Papers give it as a factor on the box of their face detector; `--margin` counts in crops of the five-point
template that face recognition uses. A crop of margin 1 is tight, from the forehead to the chin. This page turns one
into the other.

![Crops of six works around a drawn face, each above the crop of this library that shows as much](images/margins.png)

The face is drawn by `specaug demo`. Above: crops as those works cut them. Below: this library's, with the margin
that shows a face as large.

| work | crop | `--margin` with `--align clip` (faces from 5 to 95 %) | `--margin` with `--align box` |
|---|---|---|---|
"""

BODY = """
For a factor on a box that is not in the table: **margin = {root:.2f} × factor**. The default 1.3 is a factor of
{default:.2f}.

## How it was derived

The unit is the side of a crop of margin 1: the template is fitted to the five points of a face (least squares, a
turn, one scale and a shift), as a build does it, so the unit does not depend on the face's size or turn. A box of
width w and height h has its area in common with a square of side √(wh), which is compared with the unit.
`benchmarks/bench_margins.py` measured boxes and points that came from the same detector: {table_note}

{table}

- **Spread**: the same factor shows up to {spread:.0f} % more or less from face to face than the margin of the
  table, since a box follows the outline of the head and the template follows eyes, nose and mouth. That is why
  crops are cut along points by default: sizes of faces are then alike.
- **Shape**: boxes are {shape:.2f} times as high as wide. CDCN and Silent-Face cut a rectangle of that shape and
  stretch it to a square, which makes faces wider by as much; this library never stretches. `--align box` cuts a
  square on the box's longer side, upright, so it holds the whole rectangle.
- **Place**: the middle of a box lies {down:.2f} units below the middle of the template's crop. Boxes show more chin
  and neck, the template more forehead.
- **Detectors**: boxes of CenterFace and YuNet, both of which learned from WIDER FACE, as the RetinaFace of
  Silent-Face did, are alike within {apart:.0f} % in the middle. The boxes that CDCN takes come from files beside
  the frames of OULU-NPU, with sides that we do not know.

## The works

- **Silent-Face** ([repository](https://github.com/minivision-ai/Silent-Face-Anti-Spoofing),
  `src/generate_patches.py`): 80 × 80 px; one network for the factor 2.7 and one for 4, whose scores are added. A
  crop that would leave the image is made smaller and moved until it fits, so close to the camera both networks see
  less than they say. Here what lies outside is mirrored, and `padding` of a row says how much that was.
- **CDCN** ([repository](https://github.com/ZitongYu/CDCN), `CVPR2020_paper_codes`): 256 × 256 px; 1.3 in tests; in
  training drawn from 1.2, 1.3 and 1.4 (the comment says 1.2 to 1.5). To draw it anew for each clip, build with the
  largest and cut in the loader, see [the training loop](training-loop.md).
- **SSDG, FLIP, FAS-Aug** align by MTCNN with `extract_image_chips` of
  [mxnet_mtcnn_face_detection](https://github.com/YYuanAnyVision/mxnet_mtcnn_face_detection), to 256 or 224 px. Its
  padding is 0 unless it is given, which shows the inner face only; its example gives 0.37. None of the three says
  which it used; FAS-Aug names its folder `+0.0`.
- **DeepfakeBench** ([repository](https://github.com/SCLBD/DeepfakeBench), `preprocessing/preprocess.py`): the same
  template as here, drawn together by the same 1.3. `--margin 1.3` differs by the place of pixel centres alone,
  {shift:.2f} px at 224.

## In a build

```sh
specaug build-dataset raw out-silent-face --align box --margin 2.7 --size 80
```

A network for two scales wants two builds, which have the same `clip_id`s, and the loop reads both. For a new
design: 1.0 to 1.3 where only the face may count, 2 and more where the border of a photo or a screen may give an
attack away. What a network then learns from borders holds for attacks whose border is in view; judge on attacks
that are not, too.
"""

WORKS = (
    ("SSDG, FLIP, FAS-Aug", "MTCNN chip, padding 0", None, 0.0),
    ("CDCN, training, least", "box × 1.2", 1.2, None),
    ("CDCN, test", "box × 1.3", 1.3, None),
    ("SSDG, FLIP, FAS-Aug", "MTCNN chip, padding 0.37", None, 0.37),
    ("CDCN, training, most", "box × 1.5", 1.5, None),
    ("DeepfakeBench", "template × 1.3", None, None),
    ("Silent-Face", "box × 2.7", 2.7, None),
    ("Silent-Face", "box × 4", 4.0, None),
)


def usual(figures: dict[str, Any]) -> float:
    """Side of a box in units of the tight crop: the mean of the medians of all sets and detectors."""
    return float(np.mean([found["root"][1] for found in figures.values()]))


def limits(figures: dict[str, Any], name: str) -> tuple[float, float]:
    """The least and the largest of the quantiles of a measure."""
    return min(f[name][0] for f in figures.values()), max(f[name][2] for f in figures.values())


def rows(figures: dict[str, Any]) -> list[str]:
    """The table of works."""
    low, high = limits(figures, "root")
    lines = []
    for work, crop, factor, padding in WORKS:
        margin, box = "1.30", "—"
        if factor is not None:
            margin = f"{factor * usual(figures):.2f} ({factor * low:.2f} to {factor * high:.2f})"
            box = f"{factor:g}"
        elif padding is not None:
            margin = f"{chip_margin(padding):.2f}"
        lines.append(f"| {work} | {crop} | {margin} | {box} |")
    return lines


def measured(figures: dict[str, Any]) -> list[str]:
    """The table of boxes."""
    names = {
        "width": "width",
        "height": "height",
        "root": "√(wh)",
        "eyes": "eyes / width",
        "down": "middle, down",
    }
    lines = [f"| faces, detector | n | {' | '.join(names.values())} |", "|---" * (len(names) + 2) + "|"]
    for of, found in figures.items():
        cells = [f"{found[name][1]:.2f} ({found[name][0]:.2f} to {found[name][2]:.2f})" for name in names]
        lines.append(f"| {of} | {found['faces']} | {' | '.join(cells)} |")
    return lines


def page(result: dict[str, Any]) -> str:
    """The text of the page."""
    figures = result["figures"]
    root, (low, high) = usual(figures), limits(figures, "root")
    medians = [found["root"][1] for found in figures.values()]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    shape = float(np.mean([found["height"][1] / found["width"][1] for found in figures.values()]))
    body = BODY.format(
        root=root,
        default=1.3 / root,
        table="\n".join(measured(figures)),
        table_note=f"medians, and quantiles of 5 and 95 %, in units ({result['date']}, {versions}).",
        spread=100 * max(high / root - 1, 1 - low / root),
        shape=shape,
        down=float(np.mean([found["down"][1] for found in figures.values()])),
        apart=100 * (max(medians) / min(medians) - 1),
        shift=deepfakebench_shift(),
    )
    return HEAD + "\n".join(rows(figures)) + "\n" + body


def deepfakebench_shift() -> float:
    """Largest distance of DeepfakeBench's points from ours in a crop of 224 px: it takes 112 for the middle of 224."""
    theirs = (TEMPLATE * 2 + 224 * 0.3 / 2) / 1.3
    return float(np.abs(theirs - template(224, 1.3)).max())


def main() -> None:
    """Write the page, and draw the pictures unless only the text is wanted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only-text", action="store_true")
    result = json.loads(RESULT.read_text())
    PAGE.write_text(page(result))
    if not parser.parse_args().only_text:
        image, face = subject()
        save("margins", crops(image, face, result["figures"]))


if __name__ == "__main__":
    main()
