"""A phone's camera: what it does to light, in the order in which phones do it.

``lens`` (blur that depends on the place in the field) → ``sensor`` (color filter mosaic, stacked noise, demosaic,
white balance) → ``denoise`` (color far more than luma) → ``finish`` (contrast, saturation, sharpening) → ``film`` (all
of it, frame by frame). ``settings`` holds the numbers and says where their ranges come from.
"""
