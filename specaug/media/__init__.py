"""Raw photos, videos and folders of frames -> upright RGB frames."""
