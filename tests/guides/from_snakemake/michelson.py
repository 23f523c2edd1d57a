"""The same three rules as assets: `assets -m michelson materialize`."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import yaml
from units import kilometres_per_second

from assets.engine import Absent, Observation, asset, observable_source_asset, observed_files

CONFIG = yaml.safe_load(Path("config.yaml").read_text())


@observable_source_asset
def experiments(memo: object) -> Observation | Absent:
    """The readings, a file for each experiment."""
    files = {name: f"raw/{name}.csv" for name in map(str, CONFIG["experiments"])}
    found = observed_files(*files.values(), memo=memo)
    if isinstance(found, Absent):
        return found
    versions = {name: observed_files(path).data_version for name, path in files.items()}
    return replace(found, value=files, partitions=versions)


@asset(primary_key=["experiment", "run"], partitions_def="experiments", columns={"speed": "km/s, in air"})
def readings(experiments: dict[str, str], partition_keys: list[str]) -> pd.DataFrame:
    """One reading of one experiment."""
    read = [pd.read_csv(experiments[name]).assign(experiment=name) for name in partition_keys]
    return pd.concat(read).assign(speed=lambda table: kilometres_per_second(table.speed))


@asset(primary_key="experiment")
def summary(readings: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """One experiment."""
    return readings.aggregate("experiment, avg(speed) AS mean, stddev(speed) AS sd, count(*) AS n")


@asset(path="speed.txt")
def speed(summary: pd.DataFrame, output: Path) -> Path:
    """The speed of light in one line."""
    mean, n = (summary["mean"] * summary.n).sum() / summary.n.sum(), summary.n.sum()
    output.write_text(f"{mean:,.1f} km/s in {n} readings of {len(summary)} experiments\n")
    return output
