"""Make a small raw folder of simulated videos: no person, no photograph, no licence."""

from specaug.demo_data.make import DemoReport, demo

__all__ = ["DemoReport", "demo"]
