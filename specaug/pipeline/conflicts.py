"""Warnings of one content under two labels or subjects."""

from __future__ import annotations

from collections.abc import Iterable

from specaug.records import Notice, ShardPlan

_SHOWN = 3


def conflict_notices(shards: Iterable[ShardPlan], *, named: bool = True) -> tuple[Notice, ...]:
    """One warning for all files that contradict each other; none if there are none.

    Parameters
    ----------
    shards : iterable of ShardPlan
    named : bool
        Name the first files; not for an OUT of pseudonyms.

    Returns
    -------
    tuple of Notice
    """
    paths = sorted(f.source_path for shard in shards for f in shard.known if f.reason == "conflict")
    if not paths:
        return ()
    first = ": " + ", ".join(map(repr, paths[:_SHOWN])) if named else ""
    more = f" and {len(paths) - _SHOWN} more" if named and len(paths) > _SHOWN else ""
    detail = (
        f"{len(paths)} files share their content with a file of another label or subject, and none of them is used"
        f"{first}{more}; keep the right one of each, then 'specaug retry OUT --reason conflict'"
    )
    return (Notice("conflict", detail, len(paths)),)
