import pandas as pd
from logistic import fitted

launches = pd.read_csv("launches.csv")
intercept, slope = fitted(launches.fahrenheit, launches.distress)
pd.DataFrame({"intercept": [intercept], "slope": [slope]}).to_csv("model.csv", index=False)
