"""``specaug fit-profile``"""

from __future__ import annotations

from pathlib import Path

import click

import specaug
from specaug.errors import ArgumentError
from specaug.records import SPLITS, Split, readable_path
from specaug_cli.options import output_option
from specaug_cli.place import PLACE
from specaug_cli.printing import one_line


@click.command("fit-profile", short_help="Learn what recapture does to spectra.")
@click.argument("out", type=PLACE)
@output_option("Profile", "profile.npz")
@click.option(
    "--split", type=click.Choice(SPLITS), default="train", show_default=True, help="Whose clips count."
)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw the gains as SVG, too.")
@click.option(
    "--compare",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Another profile: print the distance of the gains, and draw it beside this one.",
)
def fit_profile(out: Path | str, output: Path, split: Split, plot: Path | None, compare: Path | None) -> None:
    """Learn what recapture does to spectra from the clips in OUT.

    The profile holds mean spectra of bona fide clips and of each attack species, no phase and no face: it can be
    shared where the clips cannot, and used by a recipe whose step `profile` names the file.

    \b
    Examples:
      specaug fit-profile out -o profile.npz --plot profile.svg
      specaug fit-profile out -o mine.npz --compare theirs.npz
    """
    from specaug.augment import SpoofProfile

    if plot and not plot.parent.is_dir():  # before the long part
        raise ArgumentError(f"plot: expected a file in a folder that exists, got {str(plot)!r}")
    other = SpoofProfile.load(compare) if compare else None  # before the long part
    profile = specaug.fit_profile(out, output, split=split)
    if plot:
        both = (other,) if other else ()
        names = [str(path.stem) for path in (output, compare) if path] if other else []
        plot.write_text(profile.compare(*both, names=names) + "\n", encoding="utf-8")
    counts = ", ".join(
        f"{'bona fide' if name == 'none' else name} {n}" for name, n in sorted(profile.clips.items())
    )
    click.echo(one_line(f"{readable_path(str(output))}: {output.stat().st_size:,} bytes; clips: {counts}"))
    for pai in sorted(set(profile.attack) & set(other.attack)) if other else ():
        luma, red, blue = profile.distance(other, pai) if other else (0, 0, 0)
        told = f"{pai}: gains differ by {luma:.1f} dB in luma, {red:.1f} in red, {blue:.1f} in blue"
        click.echo(one_line(told))
