"""Sharpness of an image as one number."""

from __future__ import annotations

import numpy as np


def laplacian_variance(luma: np.ndarray) -> float:
    """Variance of the four-neighbour Laplacian of (H, W) values: low where a picture is blurred.

    References
    ----------
    .. [1] Pech-Pacheco, J. L. et al. (2000). Diatom autofocusing in brightfield microscopy: a comparative study.
       ICPR 15, vol. 3, 314-317.
    """
    inner = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.var(around - 4 * inner))
