import sys
from pathlib import Path

import pandas as pd

summary, text = sys.argv[1:]
table = pd.read_csv(summary)
mean = (table["mean"] * table.n).sum() / table.n.sum()
Path(text).write_text(f"{mean:,.1f} km/s in {table.n.sum()} readings of {len(table)} experiments\n")
