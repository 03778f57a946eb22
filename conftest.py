"""Which modules have doctests that cannot be collected here; SIGINT as a terminal would have it."""

from __future__ import annotations

import signal
from importlib.util import find_spec

collect_ignore = [
    f"specaug/integrations/{package}.py"
    for package in ("albumentations", "torch")
    if find_spec(package) is None
]
if find_spec("matplotlib") is None or find_spec("jinja2") is None:
    collect_ignore += ["specaug/report"]
if find_spec("torch") is None:
    collect_ignore += ["specaug/model.py", "specaug/loader/tensors.py", "specaug/training"]

# A shell starts background jobs with SIGINT ignored, and the tests of interrupts would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
