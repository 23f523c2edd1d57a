"""How files are shown: by their path, relative to the folder that the project is in."""

from collections.abc import Iterable, Sequence

import dagster as dg

from assets.engine.declarations import Asset
from assets.engine.inventory import Inventory
from assets.on_dagster.bridge import Check, Found, Metadata


class FilesShown:
    """Shows the files of a project, of which nothing is asked but that they are written."""

    def checks(self, asset: Asset) -> Sequence[Check]:
        """Return nothing."""
        return []

    def metadata(self, inventory: Inventory, asset: Asset) -> Metadata:
        """Return where the file is."""
        return {
            f"assets/{path.suffix[1:]}": dg.MetadataValue.path(path)
            for path in inventory.files(asset.key)[:1]
        }

    def kept(self, asset: Asset) -> Found:
        """Return nothing."""
        return []

    def refused(self, asset: Asset, checks: Iterable[str]) -> Found:
        """Return nothing."""
        return []

    def judged(self, inventory: Inventory, asset: Asset) -> Found:
        """Return nothing."""
        return []
