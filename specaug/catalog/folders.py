"""The plain layout: RAW/[split/]class[/pai][/subject]/file."""

from __future__ import annotations

import re

from specaug.catalog.layout import Evidence, Layout, Reading, View
from specaug.catalog.tree import Skipped, Tree, numbered_folders
from specaug.catalog.vocabulary import DIGITAL, SPLIT_WORDS, attack_pai, label_of, meant, species
from specaug.records import Label, Source, Split

NAME = "folders"
_NONE = "none"
"""The name of a folder that says that there is no species, or no subject."""
_MANY = 8
"""From so many numbered pictures on, a folder looks like a clip: the usual number of frames of one."""
PATTERN = "[train|dev|test/](bonafide|live|real|genuine or attack|spoof|fake)[/pai][/subject]/file"


def named(view: View) -> Evidence:
    """Media below a class folder."""
    fitting = [path for path in view.tree.files if _head(path)]
    return Evidence(len(fitting), fitting[0] if fitting else "")


def read(view: View, protocol: str | None) -> Reading:
    """Every media file whose folders follow the pattern is a source, every other is skipped.

    Raises
    ------
    CatalogError
        A protocol was asked for; plain folders have none.
    """
    LAYOUT.check_protocol(protocol)
    reading = Reading()
    clips = numbered_folders(view.tree.files)
    for path in view.tree.files:
        source = _source(path, view.tree)
        if isinstance(source, Source):
            reading.sources.append(source)
        else:
            frames = path.rpartition("/")[0] in clips and view.tree.kind(path) == "image"
            reading.skipped.append(Skipped(path, source + (_NUMBERED if frames else "")))
    reading.notes += _clip_note(reading.sources, clips)
    return reading


_NUMBERED = "; numbered frames: --frame-folders takes their folder as one clip"


def _clip_note(sources: list[Source], clips: dict[str, list[str]]) -> list[str]:
    """That folders of pictures, each of which is a source now, look like clips."""
    used = {source.path for source in sources}
    alike = sorted(
        folder for folder, names in clips.items() if len(names) >= _MANY and used.issuperset(names)
    )
    if not alike:
        return []
    return [
        f"{len(alike)} folders hold numbered pictures, the first is {alike[0]!a} with {len(clips[alike[0]])}: each"
        " picture is a source; if they are frames of a clip, --frame-folders takes such a folder as one."
    ]


def _head(path: str) -> tuple[Split | None, Label, list[str], list[str]] | None:
    """(split, label, folders between class and file, folders up to the class), or None."""
    folders = path.split("/")[:-1]
    split: Split | None = None
    rest = folders
    if rest and rest[0].lower() in SPLIT_WORDS:
        split, rest = SPLIT_WORDS[rest[0].lower()], rest[1:]
    label = label_of(rest[0]) if rest else None
    if label is None:
        return None
    return split, label, rest[1:], folders[: len(folders) - len(rest) + 1]


def _hint(path: str) -> str:
    """What would make a path understood whose folders have no class where one is expected."""
    folders = path.split("/")[:-1]
    for depth, folder in enumerate(folders[1:], 1):
        if label_of(folder) and not (depth == 1 and folders[0].lower() in SPLIT_WORDS):
            above = "/".join(folders[: depth - (folders[depth - 1].lower() in SPLIT_WORDS)])
            return f"; {above!r} would be understood if it were given as RAW" if above else ""
    for folder in folders[:2]:
        if (word := meant(folder)) is not None:
            return f"; folder {folder!r}: did you mean {word!r}?"
    return ""


def _source(path: str, tree: Tree) -> Source | str:
    """The source that `path` is, or why it is none."""
    head = _head(path)
    if head is None:
        return f"folders do not follow {PATTERN}{_hint(path)}"
    split, label, between, _ = head
    between = _whole_species(between)
    if len(between) > 2:
        return (
            f"{len(between)} folders between class and file, at most [/pai][/subject] expected:"
            f" {_depth(len(between) - 2)} too deep"
        )
    if label == "bonafide":
        if len(between) == 2 and between[0].lower() != _NONE and label_of(between[0]) is None:
            return (
                f"bona fide has no attack instrument, got folder {between[0]!r} before the subject {between[1]!r}"
                " (--frame-folders takes a folder of numbered pictures as one clip)"
            )
        pai, subject = "none", _named(between[-1]) if between else None
    else:
        pai, subject = _attack_folders(between)
    return Source(path, label, pai=pai, subject=subject, split=split or "train", kind=tree.kind(path))


def _depth(folders: int) -> str:
    return "one folder" if folders == 1 else f"{folders} folders"


def _named(folder: str) -> str | None:
    """A subject, or None where the folder says that there is none."""
    return None if folder.lower() == _NONE else folder


def _whole_species(between: list[str]) -> list[str]:
    """Folders, those of a digital attack as one: ``digital`` and below it a folder that names the kind."""
    if len(between) > 1 and between[0].lower() == DIGITAL and (species(between[1]) or "").startswith(DIGITAL):
        return ["/".join(between[:2]), *between[2:]]
    return between


def _attack_folders(between: list[str]) -> tuple[str, str | None]:
    """(pai, subject) of an attack. A lone folder that names no species but holds a digit is a subject; without
    one it is a species that we do not know. What other files say does not count: more files must change nothing."""
    if not between:
        return "unknown", None
    if len(between) == 2:
        return attack_pai(_named(between[0]) or ""), _named(between[1])
    name = _named(between[0])
    if name is None:
        return "unknown", None
    if species(name) is None and re.search(r"\d", name):
        return "unknown", name
    return attack_pai(name), None


LAYOUT = Layout(
    name=NAME,
    expects=PATTERN,
    pattern=None,
    read=read,
    kinds=("video", "image", "frames", "hdf5"),
    named=named,
)
