"""What tables say of single subjects; no table that names one is published, whatever it declares."""

PSEUDONYMOUS = {"privacy": "pseudonymous"}
"""Tag of a table with rows of single subjects, under keyed codes; a table without it is aggregate. A table that is
declared `private` is kept out of the public file."""
