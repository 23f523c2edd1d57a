"""What makes an interval a 95 % interval."""

NORMAL_975 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""
