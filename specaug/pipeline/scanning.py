"""The sources of RAW with the settings of a build, wherever RAW lies."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from specaug.catalog import Catalog
from specaug.catalog import scan as scan_folder
from specaug.checked_fields import check_arguments
from specaug.pipeline.pseudonym import key_of, pseudonymous
from specaug.pipeline.remote.local_copies import local_raw
from specaug.records import BuildConfig

_log = logging.getLogger(__name__)


def scan(raw: Path | str, config: BuildConfig | None = None) -> Catalog:
    """List what a build of a raw folder would use, and what not.

    Parameters
    ----------
    raw : path or address
        Folder of photos and videos, or a place in an object store such as ``s3://bucket/raw``. No file is decoded.
    config : BuildConfig, optional
        Its settings of the catalog count: `layout`, `protocol`, `split`, `dev_from_train`, `frame_folders`,
        `label_map`, `follow_symlinks`, `pseudonymize` and `seed`.

    Returns
    -------
    Catalog
        `sources` with label, species, subject and split; files that are `skipped`, with reasons; `warnings`.

    Raises
    ------
    ArgumentError
        A setting does not fit, or there is no such place.
    CatalogError
        The layout that was asked for does not fit `raw`, or a list in it contradicts itself.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as raw:
    ...     file = Path(raw, "train/attack/print/ann/1.mp4")
    ...     file.parent.mkdir(parents=True)
    ...     _ = file.write_bytes(b"")
    ...     [(source.label, source.pai, source.subject) for source in scan(raw).sources]
    [('attack', 'print', 'ann')]
    """
    check_arguments(scan, raw=raw, config=config)
    with local_raw(raw) as source:
        catalog = scan_with(source.path, config or BuildConfig())
        return replace(catalog, skipped=catalog.skipped + source.skipped)


def scan_with(raw: Path, config: BuildConfig) -> Catalog:
    """:func:`specaug.catalog.scan` with the settings of a build."""
    key = key_of(config)
    catalog = scan_folder(
        raw,
        layout=config.layout,
        protocol=config.protocol,
        split=config.split,
        dev_from_train=config.dev_from_train,
        seed=config.seed,
        frame_folders=config.frame_folders,
        follow_symlinks=config.follow_symlinks,
        label_map=config.label_map,
    )
    _log.info("layout %s: %d sources", catalog.layout, len(catalog.sources))
    return pseudonymous(catalog, key)
