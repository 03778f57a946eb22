"""The description of a built data set in MLCommons' Croissant format, with its vocabulary for responsible AI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specaug.records import BuildReport, Receipt

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{
        name: f"cr:{name}"
        for name in (
            *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject"),
            *("fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField"),
            *("path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
            *("separator", "source", "subField", "transform"),
        )
    },
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}

_FIELDS: tuple[tuple[str, str, bool, str], ...] = (
    ("clip_id", "sc:Text", False, "Name of the clip: its source and its number in it."),
    ("source_id", "sc:Text", False, "blake2b-128 over path, size and a content sample of the source."),
    ("parent_id", "sc:Text", False, "Clip that a synthetic clip was made from."),
    ("dataset", "sc:Text", False, "Data set that the source comes from."),
    ("split", "sc:Text", False, "train, dev or test; no subject is in two."),
    ("label", "sc:Integer", False, "0 bona fide, 1 attack (ISO/IEC 30107)."),
    ("pai", "sc:Text", False, "Presentation attack instrument species, none for bona fide."),
    ("subject", "sc:Text", False, "Who is shown, as the layout of the raw data names them."),
    ("session", "sc:Text", False, "Recording session."),
    ("device", "sc:Text", False, "Capture device."),
    ("origin", "sc:Text", False, "captured or synthetic."),
    ("recipe", "sc:Text", False, "Drawn parameters of a synthetic clip, JSON."),
    ("source_path", "sc:Text", False, "Path of the source, relative to the raw folder."),
    ("frame_index", "sc:Integer", True, "Number of each frame in presentation order."),
    ("pts_seconds", "sc:Float", True, "Presentation time of each frame, s."),
    ("score", "sc:Float", True, "Score of the face detector, 0 where the face was not found."),
    ("scale", "sc:Float", True, "Source pixels per crop pixel."),
    ("padding", "sc:Float", True, "Share of the crop that lies outside the picture."),
    ("box", "sc:Float", True, "Four numbers a frame: x0, y0, x1, y1 in px of the upright source."),
    ("landmarks", "sc:Float", True, "Ten numbers a frame: five points (x, y), subject's right eye first."),
    ("warp", "sc:Float", True, "Six numbers a frame: 2x3 matrix from source to crop, row by row."),
    ("source_width", "sc:Integer", False, "Width of the upright source, px."),
    ("source_height", "sc:Integer", False, "Height of the upright source, px."),
    ("fps", "sc:Float", False, "Frame rate of the source, 1/s."),
    ("source_frames", "sc:Integer", False, "Frames of the source."),
    ("missing_frames", "sc:Integer", False, "Frames that the source promised and did not hold."),
    ("rotation", "sc:Integer", False, "Clockwise degrees that were applied to make the source upright."),
    (
        "color",
        "sc:Text",
        False,
        "What the source says of its colours, and what was assumed or converted, JSON.",
    ),
    (
        "pixel_aspect",
        "sc:Float",
        False,
        "Width over height of a pixel of the source; crops have square pixels.",
    ),
    ("field", "sc:Text", False, "frame, or the field of an interlaced source that was used: top, bottom."),
    (
        "orientation",
        "sc:Integer",
        False,
        "EXIF orientation (1 to 8) that was applied to make the source upright.",
    ),
    (
        "bytes_digest",
        "sc:Text",
        False,
        "blake2b-256 of all bytes of the source; keyed where subjects are pseudonyms.",
    ),
)
"""Name, type, whether there are several, and what it is."""


def croissant(
    report: BuildReport,
    settings: Mapping[str, Any],
    receipts: Sequence[Receipt],
    *,
    version: str,
) -> dict[str, Any]:
    """JSON-LD of a data set: its files, its columns, how it was made and what to beware of.

    Parameters
    ----------
    report : BuildReport
    settings : mapping
        What the data set was built with.
    receipts : sequence of Receipt
        Of every shard, captured and synthetic.
    version : str
        Version of specaug.

    Returns
    -------
    dict
        Plain JSON values; nothing in it depends on time or place. Licence, address and citation are the user's to
        add: a build cannot know them.

    References
    ----------
    .. [1] Croissant 1.0, http://mlcommons.org/croissant/1.0
    .. [2] Croissant RAI 1.0, http://mlcommons.org/croissant/RAI/1.0
    """
    files = [receipt for receipt in receipts if receipt.rows]
    origins = sorted({receipt.origin for receipt in files})
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": "face-presentation-attack-detection-clips",
        "description": (
            "Aligned face clips for presentation attack detection (face anti-spoofing), built by specaug "
            f"{version}: {report.sources} sources, {report.clips} captured clips, {report.failures} failures."
        ),
        "keywords": ["face anti-spoofing", "presentation attack detection", "biometrics"],
        "distribution": [_file(receipt) for receipt in files] + [_file_set(origin) for origin in origins],
        "recordSet": [_records(origin, settings) for origin in origins],
        **_responsible(report, settings, version),
    }


def _file(receipt: Receipt) -> dict[str, Any]:
    path = f"data/{receipt.origin}/{receipt.shard}.parquet"
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{receipt.bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": receipt.sha256,
    }


def _file_set(origin: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{origin}-files",
        "name": f"{origin}-files",
        "encodingFormat": "application/x-parquet",
        "includes": f"data/{origin}/*.parquet",
    }


def _records(origin: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    fields = [_field(origin, *field) for field in _FIELDS]
    side = settings["size"]
    if settings["image_format"] == "raw":
        what = f"Frames one after the other, each {side}x{side}x3 uint8, RGB."
        fields.append(_field(origin, "frames_raw", "sc:Text", False, what))
    else:
        what = f"Frames of {side} px as {settings['image_format'].upper()}, each with its bytes."
        fields.append(_field(origin, "frames", "sc:ImageObject", True, what))
    return {
        "@type": "cr:RecordSet",
        "@id": origin,
        "name": origin,
        "description": f"A record is a clip: one face over several frames. These are {origin}.",
        "key": {"@id": f"{origin}/clip_id"},
        "field": fields,
    }


def _field(origin: str, name: str, kind: str, repeated: bool, what: str) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": f"{origin}-files"}, "extract": {"column": name}}
    if kind == "sc:ImageObject":
        source["transform"] = {"jsonPath": "bytes"}
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{origin}/{name}",
        "name": name,
        "description": what,
        "dataType": kind,
        "source": source,
    }
    return field | ({"repeated": True} if repeated else {})


def _responsible(report: BuildReport, settings: Mapping[str, Any], version: str) -> dict[str, Any]:
    """What the RAI vocabulary asks for, as far as a build knows it."""
    lost = ", ".join(f"{reason} {n}" for reason, n in report.by_reason.items()) or "none"
    return {
        "rai:dataCollection": (
            "Clips were cut from photos and videos that the user of specaug holds; how those were collected is told by "
            "whoever collected them."
        ),
        "rai:dataCollectionMissingData": (
            f"{report.failures} of {report.sources} sources gave no clip ({lost}); each is a row in failures/."
        ),
        "rai:dataPreprocessingProtocol": [
            f"Frames: {settings['frames']} a clip, sampled {_sampling(settings)}.",
            f"Faces: detected by {settings['detector']}, aligned by {settings['align']}, margin {settings['margin']}.",
            f"Crops: {settings['size']} px, {settings['resample']} resampling, stored as {settings['image_format']}.",
        ],
        "rai:machineAnnotationTools": [f"specaug {version}, face detector {settings['detector']}"],
        "rai:dataAnnotationProtocol": ["Labels and species are those of the raw data's layout or list."],
        "rai:dataUseCases": ["Training and testing of presentation attack detection."],
        "rai:dataLimitations": [
            "Not for recognising persons or for guessing anything about them.",
            "Results hold for the attack species, devices and sessions in the data; others may differ.",
        ],
        "rai:dataBiases": [
            "A face detector may miss some groups of persons, or attacks, more often than others: compare failures by "
            "class with `specaug report`."
        ],
        "rai:personalSensitiveInformation": [
            "Faces are biometric data. Consent and licence of the raw media cover these crops too."
        ],
    }


def _sampling(settings: Mapping[str, Any]) -> str:
    """The policy, and whether frames are moved; plans of versions without that setting do not name it."""
    return (
        f"{settings['sampling']}{', moved to keyframes nearby' if settings.get('snap') == 'keyframe' else ''}"
    )
