import pandas as pd

flights = pd.read_csv("flights.csv").dropna(subset="distress")  # the rings of STS-4 were lost at sea
flights.astype({"distress": int}).to_csv("launches.csv", index=False)
