"""A user's script that calls every function of the commands: ``make types`` checks it as strictly as the library.

It is not run. ``assert_type`` fails where a function gives ``Any``, and every setting stands here by its own name.
"""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import specaug
from specaug.attribution import Explanation
from specaug.catalog import Catalog
from specaug.demo_data import DemoReport
from specaug.differences import DifferenceReport
from specaug.html_report.findings import Findings
from specaug.loader import ArrowClips, ClipLoader
from specaug.loader.tensors import TorchClips
from specaug.pipeline import Progress, SynthesisReport
from specaug.pipeline.retry import RetryReport
from specaug.preview_sheet import Preview
from specaug.shards import VerifyReport
from specaug.training import Ablation, ExportReport, RunReport, TrainReport


def main(raw: Path, out: Path, run: Path) -> None:
    """From a raw folder to an ablation."""
    recipe = specaug.Recipe.find("mix-high+bandpass")
    settings = specaug.BuildConfig(frames=4, split=(70, 15, 15), model=None, timeout=60, max_failures=3)

    def told(progress: Progress) -> None:
        print(progress.done, progress.sources)

    assert_type(specaug.demo(raw, subjects=3, frames=8, seed=1, jobs=1, size=(640, 480)), DemoReport)
    assert_type(specaug.scan(raw, settings), Catalog)
    assert_type(
        specaug.build_dataset(raw, out, settings, overwrite=False, dry_run=False, progress=told),
        specaug.BuildReport,
    )
    assert_type(specaug.verify(out, look_alikes=True), VerifyReport)
    assert_type(
        specaug.retry(
            out,
            reasons=["timeout"],
            raw=raw,
            jobs=1,
            timeout=9.0,
            max_memory="1GiB",
            model=None,
            pseudonymize=None,
            mix_versions=False,
            progress=told,
        ),
        RetryReport,
    )
    assert_type(specaug.finalize(out), specaug.BuildReport)
    assert_type(
        specaug.synthesize(
            out,
            recipe,
            per_clip=2,
            split="train",
            donors="other",
            seed=0,
            jobs=None,
            overwrite=False,
            mix_versions=False,
        ),
        SynthesisReport,
    )
    assert_type(specaug.fit_profile(out, "profile.npz", split="train"), specaug.SpoofProfile)
    assert_type(specaug.report(out, "report.html", faces=False, run=run), Findings)
    difference = specaug.compare(
        out, where={"label": "attack"}, out=None, config=settings, detector=None, fps=25.0, most=200
    )
    assert_type(difference, DifferenceReport)
    assert_type(
        specaug.explain(run, out, output="explain.html", faces=True, split="test", clips=8, parts=("bands",)),
        Explanation,
    )
    sheet = specaug.preview(
        raw / "a.mp4", "preview.png", partner=None, recipe="traces", draws=3, seed=0, config=settings
    )
    assert_type(sheet, Preview)
    config = specaug.TrainConfig(model="radial", recipe=recipe, frames=4, seed=1, device="cpu")
    assert_type(specaug.TrainConfig.at_scale("cpu", file=None, seed=1), specaug.TrainConfig)
    assert_type(specaug.train(out, run, config, callbacks=[]), TrainReport)
    assert_type(
        specaug.evaluate(run, out, cross=None, level="video", unseen="raise", resamples=100), RunReport
    )
    assert_type(specaug.export(run, output="model.onnx"), ExportReport)
    assert_type(
        specaug.ablate(out, run, arms=["control", recipe], seeds=2, scale="smoke", config=config, jobs=1),
        Ablation,
    )
    clips = specaug.load(
        out,
        split="train",
        origin="all",
        views=["rgb", "hsv"],
        augment="traces+fda",
        batch_size=4,
        drop_last=True,
        frames=1,
        frame_choice="random",
        shuffle=True,
        seed=1,
        labels=["bonafide"],
        dataset=["siw"],
        balance="label",
        bonafide_share=0.5,
        epoch_clips=8,
        augment_share=0.5,
        transform=None,
        columns=["warp"],
        layout="channels_first",
        window=None,
        even=True,
        rank=0,
        world=1,
    )
    assert_type(clips, TorchClips)
    assert_type(specaug.load(out, split="val", format="arrow"), ArrowClips)
    assert_type(specaug.load(out, split="dev", as_="numpy"), ClipLoader)
    for batch in clips:
        print(batch["label"])
