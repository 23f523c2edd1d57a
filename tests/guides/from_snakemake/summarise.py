import sys

import pandas as pd

summary, *clean = sys.argv[1:]
speed = pd.concat(map(pd.read_csv, clean)).groupby("experiment").speed
speed.agg(mean="mean", sd="std", n="size").reset_index().to_csv(summary, index=False)
