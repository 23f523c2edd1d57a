"""What a build that was killed or interrupted left to go on from, told to whoever looks; nothing is changed."""

from pathlib import Path


def working_copy(database: Path) -> Path:
    """Return where a build of `database` happens."""
    return database.with_name(f".{database.name}.working")


def left(database: Path, parts: Path, unit: str) -> str | None:
    """Say in a line what is kept of an interrupted build; None when nothing is.

    `parts` is the folder with a folder of parts for each table, `unit` what a partition is called.
    """
    files = sorted(parts.glob("*/*.parquet"))
    count = _count(files)
    kept = [f"{count:,} {unit.removesuffix('s') if count == 1 else unit} computed"] if count else []
    if working_copy(database).exists():
        kept.append("the tables that it finished")
    if not kept:
        return None
    return f"an interrupted build left {' and '.join(kept)}: the next one goes on from there"


def _count(files: list[Path]) -> int:
    """Return how many partitions these parts hold, of whichever table."""
    if not files:  # reading them takes pyarrow
        return 0
    from assets.engine.parts import about

    found = [about(path) for path in files]
    return len({name for part in found if part is not None for name in part.partitions})
