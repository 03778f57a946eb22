"""Helpers of other folders: rows of shards, and a detector that sees a face in the middle."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "report"), str(HERE.parent / "media_formats")]
