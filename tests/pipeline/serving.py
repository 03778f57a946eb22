"""An S3 server in a process of its own, on this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_DEFAULT_REGION": "us-east-1"}


def free_port() -> int:
    """Of this machine, where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _started() -> tuple[subprocess.Popen[bytes], str]:
    """A server and its address, once it answers; another port where somebody took the first one meanwhile."""
    for _ in range(5):
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        address = f"http://127.0.0.1:{port}"
        for _ in range(1200):
            if process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{address}/moto-api/data.json", timeout=5) as answer:
                    json.load(answer)
                return process, address
            except (OSError, ValueError):
                time.sleep(0.1)
        process.kill()
        process.wait()
    raise AssertionError("the server of moto did not start in five attempts")


@contextmanager
def serving() -> Iterator[str]:
    """Its address, once it answers."""
    process, address = _started()
    try:
        yield address
    finally:
        process.terminate()
        process.wait()
