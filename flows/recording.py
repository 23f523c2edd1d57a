"""A configured Prefect server told of a run without Prefect itself: that there was nothing to do, or how it ended.

Only the standard library, so that a run that does nothing stays cheap; without a server it costs a look at the
environment and at one file. The page is never worth the run: whatever goes wrong here is one line.
"""
# ruff: noqa: PTH110, PTH111, PTH118, PTH123
# pathlib would double the cost of finding that there is nothing to do

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # `typing` itself would be a quarter of the cost of doing nothing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from http.client import HTTPConnection
    from typing import Any

SECONDS = 1.0
"""What a server that does not answer may cost."""
_FLOWS = {
    "reproduce": ("reproduce_study", "study-results"),
    "extract": ("extract_all_configs", "extraction-results"),
    "analyze": ("generate_figures", "analysis-results"),
}
"""Command -> name of its flow, and key of the table that says what became of each asset."""


class Page:
    """A Prefect server: its address without a password, and what it knows us by."""

    def __init__(self, url: str, key: str | None = None, auth: str | None = None) -> None:
        """Keep where the API is, the key of Prefect Cloud, and the user:password of a server of one's own."""
        scheme, _, rest = url.rstrip("/").partition("://")
        host, slash, path = rest.partition("/")
        user, _, host = host.rpartition("@")
        self.url, self.key, self._auth = f"{scheme}://{host}{slash}{path}", key, auth or _plain(user)
        self._base = slash + path
        self._connection: HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer to a question; OSError when there is none, or none that helps.

        Redirections are not followed: a key is for this address alone.
        """
        import json
        from http.client import HTTPException

        headers = {"Content-Type": "application/json", **self._credentials()}
        try:
            self._connection = self._connection or _connected(self.url)
            text = None if body is None else json.dumps(body)
            self._connection.request(method, self._base + path, text, headers)
            response = self._connection.getresponse()
            content = response.read()
            if response.status >= 300:
                raise RefusedError(response.status, response.reason)
            return json.loads(content or "null")
        except (HTTPException, ValueError) as error:
            raise OSError("no Prefect API answers there") from error

    def _credentials(self) -> dict[str, str]:
        """Return the header that Prefect's own client would send."""
        if self._auth:
            from base64 import b64encode

            return {"Authorization": f"Basic {b64encode(self._auth.encode()).decode()}"}
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


class RefusedError(OSError):
    """The server answers, and does not do what it is asked."""

    def __init__(self, status: int, reason: str) -> None:
        """Keep the HTTP status."""
        super().__init__(f"it answers {status} {reason}")
        self.status = status


def _plain(user: str) -> str:
    """Return the user:password of an address as it was before it was made fit for one."""
    if "%" not in user:
        return user
    from urllib.parse import unquote

    return unquote(user)


def page() -> Page | None:
    """Return the server that the environment or Prefect's active profile names, if any."""
    path = profiles_path()
    profile = _active_profile(path) if os.path.exists(path) else {}
    names = ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")
    url, key, auth = (os.environ.get(name, profile.get(name)) for name in names)
    return Page(url, key, auth) if url else None


def profiles_path() -> str:
    """Return where Prefect reads its profiles from."""
    home = os.environ.get("PREFECT_HOME") or os.path.expanduser("~/.prefect")
    return os.environ.get("PREFECT_PROFILES_PATH") or os.path.join(home, "profiles.toml")


def _active_profile(path: str) -> Mapping[str, str]:
    import tomllib

    try:
        with open(path, "rb") as file:
            found = tomllib.load(file)
        profile = found.get("profiles", {}).get(os.environ.get("PREFECT_PROFILE") or found.get("active"), {})
        return {name: str(value) for name, value in profile.items()}
    except (OSError, ValueError, AttributeError):
        return {}  # Prefect says so as soon as it is needed


def record_idle(command: str, summary: str, assets: Sequence[Mapping[str, Any]]) -> None:
    """Record on the configured server, if any, that a command found all of these assets fresh."""
    there = page()
    if there is None:
        return
    trouble = trouble_of(lambda: _record(there, command, summary, assets))
    if trouble:
        print(f"the Prefect server at {there.url} was not told of this run: {trouble}", file=sys.stderr)


def _record(there: Page, command: str, summary: str, assets: Sequence[Mapping[str, Any]]) -> None:
    """Create the run as one that ended, with a table of what was skipped and why."""
    import json

    flow, key = _FLOWS[command]
    flow_id = there.ask("POST", "/flows/", {"name": flow})["id"]
    message = f"{summary} Prefect's engine was not entered."
    state = {"type": "COMPLETED", "name": "Completed", "message": message}
    run = {"flow_id": flow_id, "tags": ["no-op"], "state": state}
    run_id = there.ask("POST", "/flow_runs/", run)["id"]
    rows = json.dumps([_row(asset) for asset in assets])
    table = {"key": key, "type": "table", "data": rows, "description": summary, "flow_run_id": run_id}
    there.ask("POST", "/artifacts/", table)


def _row(asset: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "asset": asset["key"],
        "outcome": "skipped",
        "because": f"input hash {asset['input_hash'][:8]} unchanged",
        "rows": asset["rows"],
        "seconds": 0.0,
        "kind": asset["kind"],
        "data version": asset["data_version"][:12],
    }


def trouble_of(work: Callable[[], Any]) -> str:
    """Do what may take a second, whatever it waits for; return what went wrong in a few words, or nothing."""
    from threading import Thread

    said = [f"it does not answer within {SECONDS:g} s"]

    def attempt() -> None:
        try:
            work()
            said[0] = ""
        except OSError as error:
            said[0] = error.strerror or str(error)
        except (LookupError, TypeError):
            said[0] = "no Prefect API answers there"

    # a thread, since no time limit of a socket's covers the looking up of a name
    thread = Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return said[0]


def _connected(url: str) -> HTTPConnection:
    """Return a connection to the host of an address, through the proxy that the environment names for it."""
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return HTTPConnection(host, parts.port, timeout=SECONDS)
    from urllib.request import getproxies, proxy_bypass

    proxy = getproxies().get("https")
    if proxy is None or proxy_bypass(parts.netloc):
        return HTTPSConnection(host, parts.port, timeout=SECONDS)
    through = urlsplit(proxy)
    connection = HTTPSConnection(through.hostname or "", through.port, timeout=SECONDS)
    connection.set_tunnel(host, parts.port)
    return connection
