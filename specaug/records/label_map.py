"""Which value of a label column is which class, as ``--label-map`` says it."""

from __future__ import annotations

from specaug.errors import ArgumentError
from specaug.records.choices import LABELS, Label


def parse_label_map(text: str) -> dict[str, Label]:
    """Value, lower case, to class.

    Parameters
    ----------
    text : str
        ``bonafide=1,attack=0``; a class may have several values, as in ``bonafide=0,attack=1,attack=2``.

    Raises
    ------
    ArgumentError
        It has another form, a class is missing, or a value stands twice.

    Examples
    --------
    >>> parse_label_map("bonafide=1,attack=0")
    {'1': 'bonafide', '0': 'attack'}
    """
    pairs = [(name.strip().lower(), value.strip().lower()) for name, _, value in _parts(text)]
    values = [value for _, value in pairs]
    if {name for name, _ in pairs} != set(LABELS) or not all(values) or len(set(values)) != len(values):
        raise ArgumentError(
            f"label_map: expected a value of each class, such as bonafide=1,attack=0, got {text!r}"
        )
    return {value: LABELS[LABELS.index(name)] for name, value in pairs}


def _parts(text: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in text.split(",")]
