"""specaug: face anti-spoofing data from raw video, and frequency augmentation exact by theory."""

__version__ = "0.1.0"
