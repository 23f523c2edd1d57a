"""A project on its way to Dagster: the project, and what its pages show of each kind of assets."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import dagster as dg

from assets.engine.declarations import Asset
from assets.engine.errors import Stopped, TransientError, UserError
from assets.engine.inventory import Inventory
from assets.engine.project import Project

Metadata = dict[str, Any]
"""Name -> what Dagster takes for a value of metadata."""


@dataclass(frozen=True)
class Check:
    """One question that is asked of an asset before it is kept, or, if not blocking, told of only."""

    name: str
    promise: str
    blocking: bool = True

    def found(self, asset: Asset, *, passed: bool, **metadata: Any) -> dg.AssetCheckResult:
        """Return what came of it, as Dagster is told."""
        return dg.AssetCheckResult(
            asset_key=dg.AssetKey([asset.key]),
            check_name=self.name,
            passed=passed,
            severity=dg.AssetCheckSeverity.ERROR if self.blocking else dg.AssetCheckSeverity.WARN,
            metadata=metadata,
        )


Found = list[dg.AssetCheckResult]
Described = Callable[[], Mapping[str, Metadata]]
"""Says by name of each partition of a source what became of it."""


class Showing(Protocol):
    """What is shown of one kind of assets beyond what the engine knows."""

    def checks(self, asset: Asset) -> Sequence[Check]:
        """Return what is asked of the asset before it is kept."""

    def metadata(self, inventory: Inventory, asset: Asset) -> Metadata:
        """Return what is shown of the asset as it is in place."""

    def kept(self, asset: Asset) -> Found:
        """Return what its checks said when it was put in place; nothing is checked again."""

    def refused(self, asset: Asset, checks: Iterable[str]) -> Found:
        """Return what its checks said of one that was kept out, since these of them failed."""

    def judged(self, inventory: Inventory, asset: Asset) -> Found:
        """Check what is in place again; nothing is built."""


@dataclass(frozen=True)
class Bridge:
    """A project, and how each kind of its assets is shown."""

    project: Project
    kinds: Mapping[str, Showing] = field(default_factory=dict)
    partitions: Mapping[str, Described] = field(default_factory=dict)
    """Source -> what says of each of its partitions what became of it."""

    def asset(self, key: str) -> Asset:
        """Return the asset of that name."""
        return self.project.definitions.assets[key]

    def showing(self, key: str) -> Showing:
        """Return how the asset of that name is shown."""
        return self.kinds[self.asset(key).kind]

    def checks(self, key: str) -> Sequence[Check]:
        """Return what is asked of an asset before it is kept."""
        return self.showing(key).checks(self.asset(key))

    def metadata(self, inventory: Inventory, key: str) -> Metadata:
        """Return what is shown of an asset as it is in place."""
        return self.showing(key).metadata(inventory, self.asset(key))

    def results(self, key: str) -> Found:
        """Return what the checks of an asset said when it was put in place; nothing is checked again."""
        return self.showing(key).kept(self.asset(key))


@contextmanager
def in_a_line() -> Iterator[None]:
    """Fail a step of Dagster's with our line alone, where that says all; of a bug all is shown.

    Raises dg.Failure; for a full disk or a forbidden file, too, with the error behind it.
    """
    try:
        yield
    except (UserError, TransientError, Stopped) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except OSError as error:
        if error.strerror is None:
            raise  # not the system's word
        said = f"{error.filename or 'a file'}: {error.strerror}; mend that and run again"
        raise dg.Failure(said, allow_retries=False) from error
