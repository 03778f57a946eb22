"""A photograph on paper, held before a phone.

``sheets`` (printers and papers by name) → ``ink`` (tone and gamut) → ``halftone`` (dots, only where a lens resolves
them) → ``surface`` (spread of ink, scatter of light in paper, fibers, grain, gloss) → ``lamp`` (uneven light, curl,
shadows) → ``film_print`` (all of it, frame by frame, before the phone of :mod:`specaug.augment.recapture.phone`).
``print_settings`` holds the numbers and says where their ranges come from.
"""
