"""One small module for each public data set: its names, splits, protocols, counts and traps."""
