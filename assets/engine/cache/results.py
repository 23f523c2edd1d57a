"""The constructive cache: results by input hash, so that going back restores instead of recomputing.

    results/<input hash>.json     what came out of an asset once, and which contents that is
    versions/<data version>.json  the result that this content of a table was last kept for
    contents/<sha256>             a table as Parquet, or a file as it is; each content once

A result is written after its contents, and everything is verified when it is used: what is corrupt, half
written or gone is as if it had never been there. All of it may be deleted at any time, without loss.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine.cache import parquet
from assets.engine.cache.places import Folder, Once, Shared, file_hash
from assets.engine.cache.result import CachedResult, content_name, result_name, understood, version_name
from assets.engine.cache.sizes import Amount, collect, held
from assets.engine.sql import quoted

if TYPE_CHECKING:
    import duckdb

_TABLE = "table.parquet"

# measured: restoring a table (keeping it costs half of that), and a size at which that does not matter
_SECONDS, _SECONDS_PER_CELL, _SMALL = 2e-3, 100e-9, 100_000


def worth_keeping(seconds: float, cells: int) -> bool:
    """Tell whether a table of so many values is small, or took longer to make than it would take to restore."""
    return cells < _SMALL or seconds >= _SECONDS + cells * _SECONDS_PER_CELL


class ResultCache:
    """Results in a folder of this machine, and in a shared one if there is one; local is asked first.

    Nothing here fails a build: what cannot be kept or reached is told, once, and counts as not there. The
    local folder is its owner's alone, since private data may pass through; what is shared is read by whoever
    can read the shared folder, and whoever can write there is trusted. Safe to use from several threads and
    processes at once.
    """

    def __init__(self, root: Path, shared: str | None = None, *, tell: Callable[[str], None] = print) -> None:
        self._once = Once(tell)
        self._local, self._shared = Folder(root, private=True), Shared(shared, self._once)

    def find(self, input_hash: str) -> CachedResult | None:
        """Return the result for an input hash if it can be restored; looking writes nothing."""
        for read in (self._local.read, self._shared.read):
            result = understood(read(result_name(input_hash)))
            if result and result.input_hash == input_hash and all(map(self._has, result.files.values())):
                return result
        return None

    def keep_table(
        self, cursor: "duckdb.DuckDBPyConnection", table: str, result: CachedResult, *, share: bool = True
    ) -> bool:
        """Keep a table as the result for its input hash; `result.schema` has the types of its columns.

        What must not leave the machine yet is kept with `share=False`, and shared later by `share`.
        Returns False, with nothing kept, when a type would not come back exactly or the disk refuses.
        """
        from duckdb import Error

        assert result.schema is not None, "a table has a schema"
        with self._going_on_after(OSError, Error):
            known = self._table(result.data_version)
            content = known.files[_TABLE] if known else self._written(cursor, table, result.schema)
            if content is not None:
                self._note(replace(result, files={_TABLE: content}))
                if share:
                    self.share(result.input_hash)
                return True
        return False

    def share(self, input_hash: str) -> None:
        """Put a result that is kept here into the shared folder, its contents first."""
        name = result_name(input_hash)
        result = understood(self._local.read(name))
        if result is not None:
            for content in map(content_name, result.files.values()):
                if not self._shared.exists(content):
                    self._shared.put(content, self._local.path(content))
            self._shared.put(name, self._local.path(name))

    def restore_table(self, cursor: "duckdb.DuckDBPyConnection", result: CachedResult, into: str) -> bool:
        """Create or replace the table `into` from a result, with the types that its columns had.

        Returns False when that is not possible; a result whose content is gone is forgotten. The caller
        compares the data version of the table with the result's and calls `reject` if they differ. Not to
        be called within a transaction, which a failure would abort.
        """
        from duckdb import Error

        assert result.schema is not None, "a table has a schema"
        with self._going_on_after(OSError, Error):
            path = self._content(result.files[_TABLE])
            if path is None:
                self.reject(result)
                return False
            query = parquet.reading(path, result.schema)
            cursor.execute(f"CREATE OR REPLACE TABLE {quoted(into)} AS {query}")
            self._used(result)
            return True
        return False

    def keep_files(self, result: CachedResult, files: Mapping[str, Path]) -> bool:
        """Keep files, by relative name, as the result for its input hash; return False if the disk refuses."""
        contents = {name: file_hash(path) for name, path in files.items()}
        with self._going_on_after(OSError):
            kept = {name: self._copied(files[name], content) for name, content in contents.items()}
            self._note(replace(result, files=kept))
            self.share(result.input_hash)
            return True
        return False

    def restore_files(self, result: CachedResult, into: Path) -> dict[str, Path] | None:
        """Copy the files of a result, each verified, to their names below a folder; return where each is.

        Returns None when that is not possible; a result with a content that is gone is forgotten.
        """
        with self._going_on_after(OSError):
            kept = {name: self._content(content) for name, content in result.files.items()}
            restored = {name: into / name for name in kept}
            for name, path in kept.items():
                if path is None:
                    self.reject(result)
                    return None
                restored[name].parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, restored[name])
            self._used(result)
            return restored
        return None

    def reject(self, result: CachedResult) -> None:
        """Forget a result that did not come back as it was, here and in the shared folder."""
        with self._going_on_after(OSError):
            self._local.remove(version_name(result.data_version))
            self._local.remove(result_name(result.input_hash))
        self._shared.remove(result_name(result.input_hash))

    def has_table(self, data_version: str) -> bool:
        """Tell whether a table as it was at a data version is kept here, whole."""
        known = self._table(data_version)
        if known is None:
            return False
        content = known.files[_TABLE]
        return file_hash(self._local.path(content_name(content))) == content

    def view(self, cursor: "duckdb.DuckDBPyConnection", data_version: str, name: str) -> bool:
        """Create a temporary view of a table as it was at a data version; return whether it is still kept here."""
        known = self._table(data_version)
        if known is None or known.schema is None or not self.has_table(data_version):
            return False
        path = self._local.path(content_name(known.files[_TABLE]))
        cursor.execute(
            f"CREATE OR REPLACE TEMPORARY VIEW {quoted(name)} AS {parquet.reading(path, known.schema)}"
        )
        return True

    def size(self) -> Amount:
        """Return what the local folder holds."""
        return held(self._local)

    def gc(self, max_bytes: int | None = None, keep: int | None = None, *, dry_run: bool = False) -> Amount:
        """Drop results of the local folder, least recently used first; return what was dropped, or would be.

        `max_bytes` bounds what stays, `keep` the number of results that stay of each asset. What a killed
        process left goes in any case. A shared folder that has a path is bounded by a cache of its own there.
        """
        return collect(self._local, max_bytes, keep, dry_run=dry_run)

    def _has(self, content: str) -> bool:
        return self._local.exists(content_name(content)) or self._shared.exists(content_name(content))

    def _table(self, data_version: str) -> CachedResult | None:
        """Return a result with the table of a data version, if its content is here."""
        known = understood(self._local.read(version_name(data_version)))
        if known is None or known.data_version != data_version or _TABLE not in known.files:
            return None
        return known if self._local.exists(content_name(known.files[_TABLE])) else None

    def _written(
        self, cursor: "duckdb.DuckDBPyConnection", table: str, schema: Mapping[str, str]
    ) -> str | None:
        with self._local.aside("contents") as aside:
            return self._placed(aside) if parquet.write(cursor, table, schema, aside) else None

    def _copied(self, path: Path, content: str) -> str:
        if self._local.exists(content_name(content)):
            return content
        with self._local.aside("contents") as aside:
            shutil.copyfile(path, aside)
            return self._placed(aside)

    def _placed(self, aside: Path) -> str:
        content = file_hash(aside)
        self._local.place(aside, content_name(content))
        return content

    def _note(self, result: CachedResult) -> None:
        """Write down a result whose contents are in the local folder."""
        document = result.document()
        if result.schema is not None:
            self._local.write(version_name(result.data_version), document)
        self._local.write(result_name(result.input_hash), document)

    def _content(self, content: str) -> Path | None:
        """Return where a content is, verified; fetched from the shared folder if need be."""
        name = content_name(content)
        path = self._local.path(name)
        if path.is_file():
            if file_hash(path) == content:
                return path
            self._local.remove(name)
        with self._local.aside("contents") as aside:
            if not self._shared.fetch(name, aside):
                return None
            if file_hash(aside) != content:
                self._shared.remove(name)
                return None
            self._local.place(aside, name)
        return path

    def _used(self, result: CachedResult) -> None:
        """Note that a result was used now; one that came from the shared folder is kept here from now on."""
        try:
            os.utime(self._local.path(result_name(result.input_hash)))
        except FileNotFoundError:
            self._note(result)

    @contextmanager
    def _going_on_after(self, *refusals: type[Exception]) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            pass  # another process collected it meanwhile
        except refusals as error:
            self._once.refused(f"the cache {self._local.root} cannot be used", error)
