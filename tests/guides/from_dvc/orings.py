"""The same three stages as assets: `assets -m orings materialize`."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from logistic import fitted, predicted

from assets.engine import Absent, Observation, asset, observable_source_asset, observed_files


@dataclass(frozen=True)
class Settings:
    """What `params.yaml` says."""

    fahrenheit: int


SETTINGS = Settings(**yaml.safe_load(Path("params.yaml").read_text()))


@observable_source_asset
def flights(memo: object) -> Observation | Absent:
    """Temperature at launch, and whether damage of an O-ring was found."""
    return observed_files("flights.csv", memo=memo)


@asset(primary_key="flight", ranges={"distress": (0, 1)}, columns={"fahrenheit": "temperature at launch"})
def launches(flights: list[Path]) -> pd.DataFrame:
    """One launch whose rings were recovered."""
    return pd.read_csv(flights[0]).dropna(subset="distress").astype({"distress": int})


@asset
def model(launches: pd.DataFrame) -> pd.DataFrame:
    """The logistic regression of damage on temperature."""
    intercept, slope = fitted(launches.fahrenheit, launches.distress)
    return pd.DataFrame({"intercept": [intercept], "slope": [slope]})


@asset(path="risk.json")
def risk(model: pd.DataFrame, settings: Settings, output: Path) -> Path:
    """The forecast for one temperature."""
    of = model.iloc[0]
    forecast = float(predicted(of.intercept + of.slope * settings.fahrenheit))
    output.write_text(json.dumps({"fahrenheit": settings.fahrenheit, "risk": round(forecast, 4)}))
    return output
