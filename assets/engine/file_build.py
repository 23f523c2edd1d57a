"""Making figures and other files: from published tables that nobody writes meanwhile, into stores that check them."""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import duckdb

from assets.engine.arguments import alone, read_inputs
from assets.engine.build import Build, Result, Staged
from assets.engine.cache.result import CachedResult
from assets.engine.cache.results import ResultCache
from assets.engine.decide import Decision, State
from assets.engine.declarations import Asset, Observation
from assets.engine.errors import BUILD_TABLES, TaintedError, UserError
from assets.engine.inventory import Inventory
from assets.engine.records import Record
from assets.engine.stamp import STATE


class FileStore(Protocol):
    """Keeps the files of one kind of asset: sets what was made aside, and commits it when its checks pass."""

    def look(self, keys: Iterable[str]) -> tuple[Mapping[str, Record], Mapping[str, str]]:
        """Return records, and data versions as they really are, of the assets that are there."""

    def files(self, key: str) -> Sequence[Path]:
        """Name the files of an asset, the one that holds its record last."""

    def arguments(self, asset: Asset) -> Mapping[str, Any]:
        """Return what the asset's function is given beside its inputs, such as a path to write to."""

    def stage(self, asset: Asset, value: Any, record: Record) -> tuple[Record, Any]:
        """Set what the function returned aside; return the record completed with its data version."""

    def export(self, staged: Any) -> None:
        """Write the asset's record beside its files, still aside."""

    def aside(self, staged: Any) -> Sequence[Path]:
        """Name where the files are that are set aside, in the order of `files`."""

    def check(self, staged: Any, versions: Mapping[str, str]) -> None:
        """Check the files against what they are made from as it is; raises UserError to keep them out."""

    def commit(self, staged: Any) -> None:
        """Put the files in place, the record last."""

    def close(self) -> None:
        """End what making them needed, such as processes; called when a build is over."""


class FileBuild(Build):
    """Makes figures and files from the tables of a DuckDB file that is open for reading only."""

    def __init__(
        self,
        inventory: Inventory,
        connection: duckdb.DuckDBPyConnection,
        stores: Mapping[str, FileStore],
        cache: ResultCache,
        *,
        forced: Sequence[str] = (),
    ) -> None:
        super().__init__(inventory, cache, forced)
        self.connection, self.stores = connection, stores
        self.before_placing: Callable[[Mapping[Path, Path]], None] = lambda _: None
        """Looks through files, by where they are to be and where they lie; raises to keep them out."""

    def check_tables(self, files: Iterable[str]) -> int:
        """Return the number of tables that these assets are made from, each of which is what its record says.

        Raises UserError for one that is missing or was changed by hand: a figure of it would prove nothing.
        """
        definitions = self.inventory.definitions
        reached = definitions.made_from(files)
        tables = [
            key for key in definitions.order if key in reached and definitions.assets[key].kind == "table"
        ]
        for key in tables:
            record, there = self.inventory.records.get(key), self.inventory.versions.get(key)
            if record is None or there is None:
                raise UserError(f"the DuckDB file has no table `{key}`: {BUILD_TABLES}")
            if record.data_version != there:
                raise UserError(f"table `{key}` was changed after it was published: {BUILD_TABLES}")
        return len(tables)

    def stage(self, key: str) -> Staged | Decision:
        """Make an asset, or restore it, and set its files aside; return the decision instead when it is fresh."""
        asset, decision = self.inventory.definitions.named(key), self.decide(key)
        if decision.state is State.FRESH:
            return decision
        started = time.monotonic()
        with self._planning:
            ingredients = self.inventory.ingredients(asset)
        store = self.stores[asset.kind]
        cached = self._cached(key, ingredients)
        if cached is not None:
            files = self.cache.restore_files(cached, _restoring(key))
            if files is not None:
                return Staged(Record.from_dict(cached.record), decision.because(), files, restored=True)
        inputs = read_inputs(self.inventory, asset, self.connection.cursor())
        with alone(self.inventory, asset):
            value = asset.function(**inputs, **store.arguments(asset))
        seconds = round(time.monotonic() - started, 3)
        made = Record(key, ingredients.input_hash(key), "", ingredients, seconds=seconds)
        record, output = store.stage(asset, value, made)
        return Staged(
            replace(record, seconds=round(time.monotonic() - started, 3)), decision.because(), output
        )

    def export(self, staged: Staged) -> None:
        """Write the record of a made asset, still aside."""
        if not staged.restored:
            self._store(staged).export(staged.output)

    def commit(self, staged: Staged) -> Result:
        """Check a made asset and put it in place, or put back the files of one that was restored."""
        store, key = self._store(staged), staged.record.key
        places = store.files(key)
        made = (
            [staged.output[path.name] for path in places] if staged.restored else store.aside(staged.output)
        )
        files = dict(zip(places, made, strict=True))
        self._look_through(files)
        if staged.restored:
            self._put_back(places, staged.output)
            shutil.rmtree(_restoring(key))
        else:
            store.check(staged.output, self._current(self.inventory.definitions.named(key)))
            self._keep(staged.record, files)  # first: nobody would keep what is fresh after a kill
            store.commit(staged.output)
        return self._settle(staged)

    def _current(self, asset: Asset) -> dict[str, str]:
        """Return the data versions of all assets as they are, and of the sources that this one reads."""
        sources = [key for key in asset.upstream if key in self.inventory.definitions.sources]
        seen = {key: self.inventory.observation(key) for key in sources}
        found = {key: look.data_version for key, look in seen.items() if isinstance(look, Observation)}
        return {**self.inventory.versions, **found}

    def _look_through(self, files: Mapping[Path, Path]) -> None:
        """Look through files before they are put in place; those that must not leave are not left aside either."""
        try:
            self.before_placing(files)
        except TaintedError:
            for path in files.values():
                path.unlink()
            raise

    def _put_back(self, paths: Sequence[Path], files: Mapping[str, Path]) -> None:
        """Rename restored files into place, the one that holds the record last."""
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.restoring")
            shutil.move(files[path.name], partial)  # the folder of results may be on another file system
            partial.replace(path)

    def _keep(self, record: Record, files: Mapping[Path, Path]) -> None:
        """Keep files that are to be put in place."""
        result = CachedResult(
            record.key,
            record.input_hash,
            record.data_version,
            seconds=record.seconds,
            record=record.as_dict(),
        )
        self.cache.keep_files(result, {place.name: aside for place, aside in files.items()})

    def _store(self, staged: Staged) -> FileStore:
        return self.stores[self.inventory.definitions.named(staged.record.key).kind]


def _restoring(key: str) -> Path:
    return Path(STATE) / "restoring" / key
