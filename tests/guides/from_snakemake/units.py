"""What the readings of 1879 are written in."""

OFFSET = 299_000


def kilometres_per_second(reading):
    """Return a speed from a reading, which leaves out the first digits that all have in common."""
    return reading + OFFSET
