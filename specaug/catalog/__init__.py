"""A raw folder becomes sources with label, species, subject and split."""

from __future__ import annotations

from specaug.catalog.known_layouts import LAYOUTS
from specaug.catalog.layout import Layout
from specaug.catalog.scan_raw import Catalog, scan
from specaug.catalog.splits import assign_splits
from specaug.catalog.tree import Skipped

__all__ = ["LAYOUTS", "Catalog", "Layout", "Skipped", "assign_splits", "scan"]
