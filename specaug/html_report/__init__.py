"""A self-contained HTML report on a built data set."""

from specaug.html_report.page import report

__all__ = ["report"]
