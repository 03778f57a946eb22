"""What the numbers of an image mean as colours, and who said so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, get_args

from specaug.errors import ArgumentError

Matrix = Literal["rgb", "gray", "bt601", "bt709", "fcc", "smpte240m", "bt2020"]
"""How luma and two colour differences are made of R'G'B' (ITU-T H.273, MatrixCoefficients); ``rgb`` for none."""
Range = Literal["limited", "full"]
ChromaLocation = Literal["left", "center", "topleft", "top", "bottomleft", "bottom"]
"""Where a sample of subsampled colour lies among the luma samples that it stands for (H.273, 8.7)."""


@dataclass(frozen=True)
class ColorInfo:
    """What the values of an image mean, as its file says or as is assumed where it does not."""

    matrix: Matrix = "rgb"
    range: Range = "full"
    transfer: str = "unspecified"
    """FFmpeg's name of the transfer characteristics, such as ``bt709``, ``smpte2084`` (PQ), ``arib-std-b67`` (HLG)."""
    primaries: str = "unspecified"
    """FFmpeg's name of the primaries, such as ``bt709``, ``bt2020``."""
    chroma_location: ChromaLocation = "left"
    bits: int = 8
    """Of each sample as it is stored."""
    assumed: bool = False
    """Whether the file does not say its matrix or its range."""
    icc: bool = False
    """Whether a colour profile was applied that is not sRGB."""

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("matrix", self.matrix, get_args(Matrix)),
            ("range", self.range, get_args(Range)),
            ("chroma_location", self.chroma_location, get_args(ChromaLocation)),
        ):
            if value not in choices:
                raise ArgumentError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer is one of ITU-R BT.2100, which needs tone mapping."""
        return self.transfer in ("smpte2084", "arib-std-b67")

    def as_json(self) -> str:
        """The column ``color`` of a row."""
        known = {
            "matrix": self.matrix,
            "range": self.range,
            "transfer": self.transfer,
            "primaries": self.primaries,
            "chroma_location": None if self.matrix in ("rgb", "gray") else self.chroma_location,
            "bits": self.bits,
            "assumed": self.assumed,
            "tone_mapped": self.is_hdr,
            "icc": self.icc,
        }
        return json.dumps(known)
