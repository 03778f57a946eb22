"""Run the shards of a build in parallel: on this machine, on a Dask cluster, on a Ray cluster."""

from specaug.pipeline.backends.dispatch import build_shards

__all__ = ["build_shards"]
