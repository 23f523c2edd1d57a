"""Open a store of MLflow runs by its address."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from assets.engine.errors import UserError
from assets.inputs.stores.runs import RunStore


def open_store(uri: str) -> RunStore:
    """Open `sqlite:///path`, a database file, a `mlruns` folder, `file:` or `http(s)://` for reading only.

    Raises UserError if there is no such store, TransientError if a server does not answer.
    """
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in ("http", "https"):
        # requests costs 0.2 s to import, which readers of local stores need not pay; yaml likewise.
        from assets.inputs.stores.http_store import HttpStore

        return HttpStore(uri)
    if scheme not in ("", "file", "sqlite"):
        raise UserError(f"Cannot read MLflow runs from `{_scheme(uri)}:`; give {_CHOICES}.")
    path = _local_path(uri, scheme)
    try:
        return _open_local(path)
    except PermissionError as error:
        raise UserError(f"The MLflow store {path} cannot be read: {error.strerror}.") from error


_CHOICES = "a folder, sqlite:///path or the http(s) address of a tracking server"


def _scheme(uri: str) -> str:
    return urlsplit(uri).scheme


def _local_path(uri: str, scheme: str) -> Path:
    if scheme == "sqlite":
        # SQLAlchemy's form: three slashes before a relative path, four before an absolute one.
        return Path(uri.partition(":///")[2].partition("?")[0])
    return Path(unquote(urlsplit(uri).path)) if scheme == "file" else Path(uri)


def _open_local(path: Path) -> RunStore:
    if path.is_dir():
        from assets.inputs.stores.file_store import FileStore

        return FileStore(path.absolute())
    if path.is_file():
        from assets.inputs.stores.sqlite_store import SqliteStore

        return SqliteStore(path.absolute())
    raise UserError(f"No MLflow store at {path}; give {_CHOICES}.")
