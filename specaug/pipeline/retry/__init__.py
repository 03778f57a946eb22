"""Run failed sources of a finished build again."""

from specaug.pipeline.retry.retry_failed import RetryReport, retry

__all__ = ["RetryReport", "retry"]
