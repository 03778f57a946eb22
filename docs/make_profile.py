"""Fit the profile that comes with the library, from a demonstration set of its own seed.

    python docs/make_profile.py OUT

OUT is the built set of ``specaug demo raw --subjects 24 --seed 100``. Writes the file
``specaug/augment/recipes/shipped/demo-profile.npz``, and the picture of its gains.
"""

from __future__ import annotations

import sys
from pathlib import Path

from specaug.pipeline import fit_profile

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Fit, save, draw."""
    profile = fit_profile(sys.argv[1])
    profile.save(ROOT / "specaug/augment/recipes/shipped/demo-profile.npz")
    picture = ROOT / "docs/operations/pictures/profile.svg"
    picture.write_text(profile.compare() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
