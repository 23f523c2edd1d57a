"""One text of assets, written for either import: Dagster's or ours."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg

from assets.engine.definitions import Definitions
from tests.project_folders import Folder

SHOP = '''\
import datetime

import pandas as pd
from {library} import AssetDep, AssetExecutionContext, AssetIn, AssetKey, asset


@asset(
    group_name="till/raw",
    kinds={{"csv", "pandas"}},
    owners=["ann@example.org", "team:sales"],
    tags={{"domain": "sales", "shop.org/slow": ""}},
    metadata={{"till": 4, "place": "hall", "floors": [1, 2]}},
    description="What was bought.",
    code_version="3",
)
def orders() -> pd.DataFrame:
    """This is not shown."""
    return pd.DataFrame(
        {{
            "id": [1, 2, 3],
            "item": ["tea", "milk", None],
            "n": [2, 1, 12],
            "at": [datetime.datetime(2024, 2, 29, hour) for hour in (9, 10, 11)],
            "gift": [True, False, False],
        }}
    )


@asset(name="prices", compute_kind="python")
def price_list() -> pd.DataFrame:
    """One item
    and what it costs."""
    return pd.DataFrame({{"item": ["tea", "milk"], "price": [0.1 + 0.2, 1e-300]}})


@asset(key="opened")
def first() -> pd.DataFrame:
    return pd.DataFrame({{"day": [1]}})


@asset(key=AssetKey(["closed"]), deps=["opened"])
def second() -> pd.DataFrame:
    return pd.DataFrame({{"day": [31]}})


@asset(key=["checked"], deps=[AssetKey("opened"), AssetDep("closed"), second, price_list, ["orders"]])
def third() -> pd.DataFrame:
    return pd.DataFrame({{"day": [32]}})


@asset(
    ins={{"bought": AssetIn("orders"), "costs": AssetIn(key=AssetKey(["prices"])), "checked": AssetIn()}},
    deps=[price_list],
)
def revenue(
    context: AssetExecutionContext, bought: pd.DataFrame, costs: pd.DataFrame, checked: pd.DataFrame
) -> pd.DataFrame:
    """One sold item.

    There is more to say.
    """
    context.log.info("%s of %d orders", context.asset_key.path[-1], len(bought))
    sold = bought.merge(costs, on="item")
    return sold.assign(total=sold.n * sold.price)[["id", "item", "total"]]


@asset(group_name=None, kinds=None, tags=None, metadata=None, deps=None, ins=None, key_prefix=None, retry_policy=None)
def nothing_said(_context, revenue: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """How many."""
    assert str(_context.asset_key) == "AssetKey(['nothing_said'])"
    return pd.DataFrame({{"sold": [len(revenue)], "bought": [len(orders)]}})
'''
"""A text of Dagster's: plain functions of frames, and every parameter that means the same in both."""

LAB = '''\
import pandas as pd
import pyarrow as pa
from {library} import asset


@asset(group_name="lab", tags={{"area": "eyes"}}, owners=["team:lab"], kinds=["arrow"])
def measured() -> pa.Table:
    """One measurement."""
    return pa.table({{"id": [1, 2, 3, 4], "v": [0.1, 2.5, -1.0, None], "of": ["a", "b", "a", "b"]}})


@asset
def by_group(measured: pa.Table) -> pa.Table:
    """One group."""
    rows = measured.to_pylist()
    return pa.table({{"of": ["a", "b"], "n": [sum(row["of"] == name for row in rows) for name in "ab"]}})


@asset(deps=["by_group"])
def largest(measured: pa.Table, by_group: pa.Table) -> pd.DataFrame:
    """The largest value."""
    return pd.DataFrame({{"v": [max(v for v in measured["v"].to_pylist() if v is not None)], "n": by_group.num_rows}})


@asset
def doubled(largest: pd.DataFrame) -> pd.DataFrame:
    """Twice that."""
    return largest.assign(v=largest.v * 2)
'''
"""A text of ours: functions of frames and Arrow tables."""


def theirs(text: str, folder: Path) -> list[dg.AssetsDefinition]:
    """Return what the text declares when its import is Dagster's."""
    file = folder / "theirs.py"
    file.write_text(text.format(library="dagster"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("theirs", file)
    assert spec and spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [thing for thing in vars(module).values() if isinstance(thing, dg.AssetsDefinition)]


def ours(text: str, folder: Path) -> Folder:
    """Return the project that the same text declares when its import is ours."""
    made = Folder(folder)
    made.write(text.format(library="assets.engine"), header="")
    return made


def their_graph(assets: list[dg.AssetsDefinition]) -> dict[str, dict[str, Any]]:
    """Return what Dagster knows of each asset, by key."""
    (known, *_) = [dg.Definitions(assets=assets).resolve_asset_graph()]
    specs = {spec.key.to_user_string(): spec for assets_def in assets for spec in assets_def.specs}
    tagged = {key.to_user_string(): d.op.tags.get("dagster/compute_kind") for d in assets for key in d.keys}
    return {
        key: {
            "deps": {parent.to_user_string() for parent in known.get(spec.key).parent_keys},
            "group_name": known.get(spec.key).group_name,
            "kinds": spec.kinds or ({tagged[key]} if tagged[key] else set()),
            "owners": tuple(spec.owners),
            "tags": {
                name: value for name, value in spec.tags.items() if not name.startswith("dagster/kind/")
            },
            "metadata": dict(spec.metadata),
            "description": " ".join((spec.description or "").split("\n\n")[0].split()),
            "code_version": spec.code_version,
        }
        for key, spec in specs.items()
    }


def our_graph(definitions: Definitions) -> dict[str, dict[str, Any]]:
    """Return what we know of each asset, by key."""
    return {
        key: {
            "deps": set(asset.upstream),
            "group_name": asset.group_name,
            "kinds": set(asset.kinds),
            "owners": asset.owners,
            "tags": asset.tags,
            "metadata": asset.metadata,
            "description": asset.description,
            "code_version": asset.code_version,
        }
        for key, asset in definitions.assets.items()
    }
