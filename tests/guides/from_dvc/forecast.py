import json
from pathlib import Path

import pandas as pd
import yaml
from logistic import predicted

fahrenheit = yaml.safe_load(Path("params.yaml").read_text())["fahrenheit"]
model = pd.read_csv("model.csv").iloc[0]
risk = float(predicted(model.intercept + model.slope * fahrenheit))
Path("risk.json").write_text(json.dumps({"fahrenheit": fahrenheit, "risk": round(risk, 4)}))
