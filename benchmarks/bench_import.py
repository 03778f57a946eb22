"""Time of ``import specaug`` in units of ``import numpy, scipy.fft``, and what it loads.

python benchmarks/bench_import.py [--repeats 30]
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from results import alternate, median_ratio, save

HEAVY = ("torch", "cv2", "pyarrow", "av", "joblib", "PIL", "click", "rich", "albumentations")


def run(code: str) -> str:
    """Standard output of a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    ours, floor = alternate(
        lambda: run("import specaug"), lambda: run("import numpy, scipy.fft"), repeats=repeats
    )
    loaded = run(f"import sys, specaug; print(*[m for m in {HEAVY!r} if m in sys.modules])").split()
    figures = {
        "ratio": round(median_ratio(ours, floor), 3),
        "specaug ms": round(1e3 * sorted(ours)[len(ours) // 2], 1),
        "numpy and scipy.fft ms": round(1e3 * sorted(floor)[len(floor) // 2], 1),
        "heavy modules loaded": loaded,
    }
    save("import", figures, "numpy", "scipy", "array-api-compat")


if __name__ == "__main__":
    main()
