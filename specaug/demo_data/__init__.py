"""Make a small raw folder of simulated videos: no person, no photograph, no licence."""

from specaug.demo_data.make import DemoReport, make_demo

__all__ = ["DemoReport", "make_demo"]
