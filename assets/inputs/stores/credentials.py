"""Who asks a tracking server: MLflow's own environment variables."""

import os

import requests

REFUSED = "{} refuses access ({}); set MLFLOW_TRACKING_USERNAME and _PASSWORD, or MLFLOW_TRACKING_TOKEN."
"""What is said where that does not suffice, for an address and a status."""


def verification() -> bool | str:
    """Return how certificates are to be checked, as the environment says: a file of them, or not at all."""
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        return False
    return os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True


def sign_in(session: requests.Session, username: str | None, password: str | None) -> None:
    """Let a session sign in with what the address says, else with what the environment says."""
    username = username or os.environ.get("MLFLOW_TRACKING_USERNAME")
    password = password or os.environ.get("MLFLOW_TRACKING_PASSWORD")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if username and password:
        session.auth = (username, password)
    elif token:
        session.headers["Authorization"] = f"Bearer {token}"
