"""Where and at which frequencies bona fide and attack differ: numbers, sentences, a sheet, a page."""

from specaug.differences.compare_sides import compare, difference_of
from specaug.differences.difference_report import DifferenceReport

__all__ = ["DifferenceReport", "compare", "difference_of"]
