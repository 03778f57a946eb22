"""Arguments of another kind are refused by every function of the commands, by name and before any work."""

from __future__ import annotations

import inspect

import pytest

import specaug
from specaug.errors import ArgumentError

NOWHERE = "no/such/place"

CALLS = [
    ("demo", {"raw": 3}, "raw: expected a text or a path, got 3"),
    ("demo", {"subjects": "many"}, "subjects: expected a whole number, got 'many'"),
    ("demo", {"subjects": 3.0}, "subjects: expected a whole number, got 3.0"),
    ("demo", {"frames": True}, "frames: expected a whole number, got True"),
    ("demo", {"size": 640}, "size: expected 2 values, each a whole number, got 640"),
    ("scan", {"raw": b"raw"}, "raw: expected a path or a text, got b'raw'"),
    (
        "scan",
        {"config": {"split": (70, 15, 15)}},
        "config: expected BuildConfig, got {'split': (70, 15, 15)}",
    ),
    ("build_dataset", {"out": None}, "out: expected a path or a text, got None"),
    ("build_dataset", {"config": 8}, "config: expected BuildConfig, got 8"),
    ("build_dataset", {"dry_run": "no"}, "dry_run: expected true or false, got 'no'"),
    ("verify", {"out": ["out"]}, "out: expected a path or a text, got ['out']"),
    ("verify", {"look_alikes": 0}, "look_alikes: expected true or false, got 0"),
    ("finalize", {"out": 3}, "out: expected a path or a text, got 3"),
    ("retry", {"out": 3}, "out: expected a path or a text, got 3"),
    ("retry", {"reasons": ["timeuot"]}, "; did you mean 'timeout'?"),
    ("synthesize", {"per_clip": "2"}, "per_clip: expected a whole number, got '2'"),
    (
        "synthesize",
        {"split": "trian"},
        "split: expected one of train, dev, test, all, got 'trian'; did you mean 'train'?",
    ),
    ("synthesize", {"donors": None}, "donors: expected one of other, same, any, got None"),
    ("synthesize", {"seed": float("nan")}, "seed: expected a whole number, got nan"),
    ("synthesize", {"recipe": 3}, "recipe: expected a Recipe, the name of one or a path, got int 3"),
    ("fit_profile", {"split": "all"}, "split: expected one of train, dev, test, got 'all'"),
    ("fit_profile", {"output": NOWHERE}, f"output: expected a file in a folder that exists, got '{NOWHERE}'"),
    ("report", {"faces": "yes"}, "faces: expected true or false, got 'yes'"),
    ("preview", {"draws": 2.5}, "draws: expected a whole number, got 2.5"),
    ("preview", {"recipe": "trace"}, "; did you mean 'traces'?"),
    ("preview", {}, f"media: expected a photo, video or folder, got '{NOWHERE}'"),
    (
        "preview",
        {"media": ".", "output": NOWHERE},
        f"output: expected a file in a folder that exists, got '{NOWHERE}'",
    ),
    ("train", {"config": {"epochs": 3}}, "config: expected TrainConfig, got {'epochs': 3}"),
    ("train", {"run": 3}, "run: expected a path or a text, got 3"),
    ("evaluate", {"resamples": "1000"}, "resamples: expected a whole number, got '1000'"),
    (
        "evaluate",
        {"level": "vidoe"},
        "level: expected one of video, clip, got 'vidoe'; did you mean 'video'?",
    ),
    ("ablate", {"seeds": "three"}, "seeds: expected a whole number, got 'three'"),
    ("ablate", {"scale": "gup"}, "scale: expected one of smoke, cpu, gpu, got 'gup'; did you mean 'gpu'?"),
]
PLACES = {"raw": NOWHERE, "out": NOWHERE, "run": NOWHERE, "media": NOWHERE, "recipe": "traces"}


@pytest.mark.parametrize(("name", "given", "message"), CALLS)
def test_an_argument_of_another_kind_is_named(name, given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = getattr(specaug, name)
    needed = [p.name for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    with pytest.raises(ArgumentError) as refused:
        function(**{**{argument: PLACES[argument] for argument in needed}, **given})
    assert message in str(refused.value)
    assert list(tmp_path.iterdir()) == []
