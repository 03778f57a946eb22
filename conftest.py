"""Settings of every test process: native threads, modules whose doctests cannot be collected here, SIGINT."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec

# One native thread a test process. The suite runs one process per core; with a pool of threads in each, the threads
# wait for one another (five gradient tests of torch took ten times as long). Set before NumPy or torch is imported.
for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_pool] = "1"

collect_ignore = [
    f"specaug/integrations/{package}.py"
    for package in ("albumentations", "torch")
    if find_spec(package) is None
]
if find_spec("matplotlib") is None or find_spec("jinja2") is None:
    collect_ignore += ["specaug/html_report"]
if find_spec("torch") is None:
    collect_ignore += [
        "specaug/model.py",
        "specaug/loader/tensors.py",
        "specaug/training",
        "specaug/attribution",
    ]

# A shell starts background jobs with SIGINT ignored, and the tests of interrupts would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
