"""Make spoof-like clips from the bona fide clips of a build, and fit spoof profiles to its shards."""
