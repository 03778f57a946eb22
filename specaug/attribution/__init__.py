"""What a trained network goes by: which frequencies, views, colors and frames of clips its decisions rest on."""

from __future__ import annotations

from specaug.attribution.explain_config import ExplainConfig
from specaug.attribution.explain_run import explain, explain_network
from specaug.attribution.explanation import Explanation
from specaug.attribution.probe import Network, Probe

__all__ = ["ExplainConfig", "Explanation", "Network", "Probe", "explain", "explain_network"]
