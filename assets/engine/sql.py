"""How names and texts are spelled in SQL."""


def quoted(name: str) -> str:
    """Spell a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Spell a text for SQL."""
    return "'" + text.replace("'", "''") + "'"
