"""Write RGB matrix profiles (ICC.1:2001-04) and calculate what colour management makes of their colours."""

from __future__ import annotations

import struct

import numpy as np

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
D65 = (0.3127, 0.3290)


def xyz(point: tuple[float, float]) -> np.ndarray:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def matrix_to_d50(primaries: tuple[tuple[float, float], ...], white: tuple[float, float] = D65) -> np.ndarray:
    """(3, 3) from linear RGB to XYZ under D50, adapted by Bradford."""
    corners = np.stack([xyz(point) for point in primaries], axis=1)
    native = corners * np.linalg.solve(corners, xyz(white))
    gains = (BRADFORD @ D50) / (BRADFORD @ xyz(white))
    return np.linalg.inv(BRADFORD) @ np.diag(gains) @ BRADFORD @ native


def srgb_to_linear(v: np.ndarray) -> np.ndarray:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(v: np.ndarray) -> np.ndarray:
    v = np.clip(v, 0, 1)
    return np.where(v <= 0.0031308, v * 12.92, 1.055 * v ** (1 / 2.4) - 0.055)


def curve(gamma: float | None) -> bytes:
    """A curveType: one gamma, or (None) that of sRGB in 1,024 steps."""
    if gamma is not None:
        return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    table = np.rint(65535 * srgb_to_linear(np.linspace(0, 1, 1024))).astype(">u2")
    return b"curv" + bytes(4) + struct.pack(">I", 1024) + table.tobytes()


def fixed(values: np.ndarray) -> bytes:
    """An XYZType in s15Fixed16."""
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(v) * 65536) for v in values))


def matrix_profile(
    primaries: tuple[tuple[float, float], ...], gamma: float | None = None, *, space: bytes = b"RGB "
) -> bytes:
    """A display profile of version 2.1; `gamma` None is the curve of sRGB."""
    name = b"test\0"
    text = b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(12 + 67)
    columns = matrix_to_d50(primaries).T
    elements = {b"desc": text, b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": fixed(D50)}
    elements |= {tag: fixed(column) for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    elements |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve(gamma))
    if space == b"GRAY":
        elements = {tag: elements[tag] for tag in (b"desc", b"cprt", b"wtpt")} | {b"kTRC": curve(gamma)}
    table, body, place = struct.pack(">I", len(elements)), b"", 132 + 12 * len(elements)
    for tag, element in elements.items():
        table += tag + struct.pack(">II", place + len(body), len(element))
        body += element + bytes(-len(element) % 4)
    whole = 128 + len(table) + len(body)
    head = struct.pack(">I4sI4s4s4s", whole, b"none", 0x02100000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    head += struct.pack(">3i", *(round(v * 65536) for v in D50))
    return head.ljust(128, b"\0") + table + body


def managed(
    image: np.ndarray, primaries: tuple[tuple[float, float], ...], gamma: float | None = None
) -> np.ndarray:
    """sRGB levels, not rounded, of (…, 3) levels of 0 to 255 in the space of a profile: relative colorimetric."""
    values = np.asarray(image, np.float64) / 255
    linear = srgb_to_linear(values) if gamma is None else values**gamma
    to_srgb = np.linalg.inv(matrix_to_d50(SRGB)) @ matrix_to_d50(primaries)
    return 255 * srgb_from_linear(linear @ to_srgb.T)
