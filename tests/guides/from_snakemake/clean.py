import sys

import pandas as pd
from units import kilometres_per_second

experiment, raw, clean = sys.argv[1:]
readings = pd.read_csv(raw)
speed = kilometres_per_second(readings.speed)
readings.assign(experiment=experiment, speed=speed).to_csv(clean, index=False)
