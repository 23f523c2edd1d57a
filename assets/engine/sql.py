"""How names and texts are spelled in SQL."""


def quoted(name: str) -> str:
    """Spell a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Spell a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def called(view: bool) -> str:
    """Return what SQL calls what keeps the rows of a query, or a view, which keeps the query."""
    return "VIEW" if view else "TABLE"
