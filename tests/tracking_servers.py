"""Real tracking servers on loopback: waiting until one answers."""

import subprocess
import time
from pathlib import Path

import requests


def await_health(uri: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server is well; AssertionError with its log if it ends, or does not answer in two minutes."""
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            if requests.get(f"{uri}/health", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise AssertionError(log.read_text())
