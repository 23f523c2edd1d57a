"""How names and texts are spelled in SQL."""


def quoted(name: str) -> str:
    """Spell a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Spell a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def table_or_view(view: bool) -> str:
    """Return SQL's word for what keeps a query's rows, or for a view, which keeps the query itself."""
    return "VIEW" if view else "TABLE"
