"""A self-contained HTML report on a built data set."""

from specaug.html_report.page import write_report

__all__ = ["write_report"]
