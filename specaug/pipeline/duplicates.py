"""Sources with the same content: one is kept, or none if they contradict each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from specaug.errors import MediaError
from specaug.media.frame_folder import picture_names
from specaug.records import Failure, Source, readable_path

_CHUNK = 1 << 20
_NAMED = 3
"""Files that a detail names."""


def drop_duplicates(
    sources: Sequence[Source], raw: Path, *, originals: Sequence[Source] = ()
) -> tuple[list[Source], list[Failure]]:
    """Keep the first of several sources with the same content, or none if their labels or subjects differ.

    Folders of frames have the same content if their pictures have, one after another, whatever their names.

    Parameters
    ----------
    sources : sequence of Source
        In path order; the first is kept.
    raw : Path
    originals : sequence of Source
        Sources that are kept whatever happens.

    Returns
    -------
    kept : list of Source
        Of `sources`.
    lost : list of Failure
        ``duplicate``: the detail names the file that was kept, and says what else differs. ``conflict``: nobody can
        tell which of several files has the right label or subject, originals among them; the detail names the others.
    """
    by_size: dict[tuple[int, ...], list[Source]] = {}
    lost: dict[str, Failure] = {}
    for source in (*originals, *sources):
        with _vanishing(source, lost):
            by_size.setdefault(tuple(f.stat().st_size for f in _files(raw, source)), []).append(source)
    by_content: dict[bytes, list[Source]] = {}
    for sizes, group in sorted(by_size.items()):
        for source in group if any(sizes) and len(group) > 1 else ():
            with _vanishing(source, lost):
                content = b"".join(map(content_hash, _files(raw, source)))
                by_content.setdefault(content, []).append(source)
    for group in by_content.values():
        lost |= _lost_of(group)
    kept = [s for s in sources if s.source_id not in lost]
    disputed = [
        lost[s.source_id] for s in originals if s.source_id in lost and lost[s.source_id].reason == "conflict"
    ]
    return kept, [lost[s.source_id] for s in sources if s.source_id in lost] + disputed


def _files(raw: Path, source: Source) -> list[Path]:
    """What a source consists of: itself, or the pictures of a folder in their order."""
    path = raw / source.path
    return (
        [path / name for name in picture_names(path, stage="discover")] if source.kind == "frames" else [path]
    )


def _lost_of(group: Sequence[Source]) -> dict[str, Failure]:
    """By id, which of several files with the same content are no sources."""
    if _is_disputed(group):
        return {source.source_id: _conflict(source, group) for source in group}
    return {source.source_id: _duplicate(source, group[0]) for source in group[1:]}


def _is_disputed(group: Sequence[Source]) -> bool:
    """Whether one content has two labels, or two subjects of one data set: names mean nothing across data sets, and an
    unknown subject contradicts none."""
    named = {(s.dataset, s.subject) for s in group if s.subject is not None}
    return len({s.label for s in group}) > 1 or len(named) > len({dataset for dataset, _ in named})


def _conflict(source: Source, group: Sequence[Source]) -> Failure:
    others = [s for s in group if s is not source]
    said = [f"{readable_path(s.path)!r} ({s.label}, subject {s.subject!r})" for s in others[:_NAMED]]
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    detail = (
        f"{source.label}, subject {source.subject!r}, and the same content as {', '.join(said)}{more}: which is right "
        "cannot be told; keep one of the files"
    )
    path = readable_path(source.path)
    return Failure(source.source_id, path, source.split, "discover", "conflict", detail)


@contextmanager
def _vanishing(source: Source, lost: dict[str, Failure]) -> Iterator[None]:
    """A file may go between two looks at it: that is a failure of its own, and no reason to stop."""
    try:
        yield
    except OSError as error:
        lost[source.source_id] = unreadable(source, error.strerror or type(error).__name__)
    except MediaError as error:
        lost[source.source_id] = unreadable(source, error.detail)


def _duplicate(source: Source, original: Source) -> Failure:
    differs = [
        f"{name} {getattr(source, name)!r} here, {getattr(original, name)!r} there"
        for name in ("dataset", "label", "pai", "subject", "split")
        if getattr(source, name) != getattr(original, name)
    ]
    detail = f"same content as {readable_path(original.path)!r}" + (
        f"; {', '.join(differs)}" if differs else ""
    )
    path = readable_path(source.path)
    return Failure(source.source_id, path, source.split, "discover", "duplicate", detail)


def content_hash(path: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=32)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def unreadable(source: Source, detail: str) -> Failure:
    """What a source is that cannot even be opened."""
    path = readable_path(source.path)
    return Failure(source.source_id, path, source.split, "discover", "unreadable", detail)
