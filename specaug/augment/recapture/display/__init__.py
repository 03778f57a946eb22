"""A display that replays frames before a phone: its pixels, its light, what lies on its glass.

``pixel_grid`` (what a phone makes of the grid of subpixels, in closed form) and ``glass`` (reflections, fall-off, dust)
→ ``replay`` (the light of each frame). ``settings`` holds the numbers.
"""
