"""The gates that stand before what is published and placed.

Each gate raises a UserError of one line that names places, never codes; what it keeps back stays where it was.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.engine.errors import TaintedError, UserError
from assets.inputs.privacy import synthetic, telling
from assets.inputs.privacy.files import in_file
from assets.inputs.privacy.joinability import joinable
from assets.inputs.privacy.originals import Finding, Originals, lookups
from assets.inputs.privacy.tables import in_tables, subject_codes
from assets.inputs.privacy.tracked import in_tracked

if TYPE_CHECKING:
    import duckdb

PER_SUBJECT = "pseudonymous"
"""What the tag `privacy` of a table with rows of subjects must say; others are `aggregate`, or `private`."""

_NAMED = 3
"""Places that a message names before it counts the others."""


@dataclass(frozen=True)
class Places:
    """Where things lie: what names subjects, what is published, and what is written on the way."""

    private_dir: Path
    database: Path
    figures_dir: Path
    placed: frozenset[Path] = frozenset()
    """Files of declared figures and files: each was looked through before it was put in place."""
    logs: Path = Path(".assets/logs")

    def beside(self) -> list[Path]:
        """Return the files beside the database and in the folder of figures, except the database itself."""
        own = f".{self.database.name}"  # and what begins so: its working copy
        tables = [
            path
            for path in self.database.parent.rglob("*")
            if not f".{path.name}".startswith((own, f".{own}"))
        ]
        figures = [path for path in self.figures_dir.rglob("*") if ".aside" not in path.parts]
        return sorted(path for path in {*tables, *figures} if path.is_file())


def before_publishing(
    connection: "duckdb.DuckDBPyConnection", places: Places, classes: Mapping[str, str]
) -> None:
    """Raise UserError if anything about these tables, or about what is published with them, names subjects.

    `classes` has what the tag `privacy` of each declared table says.
    """
    refuse_classes(connection, classes)
    lookup = known(places.private_dir)
    refuse_synthetic(connection, lookup)
    refuse_unmapped(connection, lookup, places.database)
    originals = Originals.of(lookup.values())
    if originals:
        refuse_originals(connection, places, originals)
        refuse_telling(places.private_dir)
        refuse_joinable(connection, places.private_dir, lookup)


def refuse_originals(connection: "duckdb.DuckDBPyConnection", places: Places, originals: Originals) -> None:
    """Raise UserError if an original code stands in the tables, beside them, in the last log or in what git tracks."""
    for findings, error, advice in (
        (
            in_tables(connection, originals),
            TaintedError,
            "Rename the run, its artifact or whatever bears them",
        ),
        (
            in_files({*places.beside()} - places.placed, originals),
            UserError,
            "Delete what bears them, or move it away",
        ),
        (in_files(logs(places)[-1:], originals), UserError, "Rename the run or artifact that bears them"),
        (
            in_tracked(Path(), originals),
            UserError,
            "Take them out of these files, or the files out of git (git rm --cached); what was committed is in the "
            "history still",
        ),
    ):
        _refuse(findings, error, f"nothing was published. {advice}, then run again")


def before_placing(files: Mapping[Path, Path], places: Places) -> None:
    """Raise UserError if one of these files, given by where it is to be and where it lies, names subjects."""
    originals = Originals.known(places.private_dir)
    advice = "it was not put in place. Rename what bears them in whatever it is made from, then run again"
    for place, path in files.items():
        _refuse(in_file(path, originals, place.as_posix()), TaintedError, advice)
        if place.suffix == ".json" and synthetic.in_sidecar(path.read_bytes()):
            raise TaintedError(
                f"{place} says that its data are synthetic: it was not put in place. Leave synthetic runs "
                "out of the tables"
            )


def in_files(paths: Iterable[Path], originals: Originals) -> Iterable[Finding]:
    """Yield what names subjects in some files."""
    return (finding for path in paths for finding in in_file(path, originals))


def logs(places: Places) -> list[Path]:
    """Return the logs of builds, that of the running one last."""
    return sorted(places.logs.glob("*.log"))


def refuse_classes(connection: "duckdb.DuckDBPyConnection", classes: Mapping[str, str]) -> None:
    """Raise UserError for a private table, and for one with rows of subjects that does not declare them."""
    tables = connection.execute(
        "SELECT table_name, bool_or(column_name IN ('subject_code', 'subject_codes')) FROM duckdb_columns() "
        "WHERE NOT internal GROUP BY table_name ORDER BY table_name"
    ).fetchall()
    for table, of_subjects in tables:
        declared = classes.get(table, "aggregate")
        if declared == "private":
            raise UserError(
                f"`{table}` is declared private: nothing was published. Keep it in another database"
            )
        if of_subjects and declared != PER_SUBJECT:
            raise UserError(
                f"`{table}` has rows of single subjects, and is not declared so: nothing was published. If they may "
                f'leave under keyed codes, declare it with tags={{"privacy": "{PER_SUBJECT}"}}'
            )


def refuse_unmapped(
    connection: "duckdb.DuckDBPyConnection", lookup: Mapping[str, str], database: Path
) -> None:
    """Raise UserError for subject codes that no look-up explains.

    Where there is no look-up at all, what is published already may be published again: nothing new is in it.
    """
    unknown = subject_codes(connection) - lookup.keys()
    if not lookup and unknown and database.exists():
        from assets.engine.warehouse import open_read_only

        with open_read_only(database) as published:
            unknown -= subject_codes(published)
    if unknown:
        raise UserError(
            f"{len(unknown)} subject codes of the tables are in no look-up of the private folder, so original codes "
            "cannot be looked for, and nothing may be published. Restore subject_lookup.csv from a backup, or read "
            "all runs anew, which writes it: `assets materialize extracted_runs --force`"
        )


def refuse_synthetic(connection: "duckdb.DuckDBPyConnection", lookup: Mapping[str, str]) -> None:
    """Raise UserError if a run that is used, or its subjects, bear a mark of invented data."""
    if found := synthetic.in_runs(connection, lookup):
        raise TaintedError(
            f"{' and '.join(found)} bear a mark of synthetic data, which must not be published. Delete the runs "
            "from the MLflow store, or name them `__SYNTHETIC_...`, so that they are set aside"
        )


def refuse_telling(private_dir: Path) -> None:
    """Raise UserError if the codes of a look-up say what they stand for."""
    for lookup in lookups(private_dir):
        for fault in telling.faults(lookup):
            raise UserError(
                f"in {private_dir}, {fault}: what bears them must not be published. Move subject_key and "
                "subject_lookup.csv away, so that codes are made anew"
            )


def refuse_joinable(
    connection: "duckdb.DuckDBPyConnection",
    private_dir: Path,
    lookup: Mapping[str, str],
    *,
    lists: bool = False,
) -> None:
    """Raise UserError if a file that names subjects could be joined with the tables."""
    if found := list(joinable(connection, private_dir, lookup, lists=lists)):
        raise UserError(
            f"values tell who is who, since they stand beside original codes and beside keyed ones: {listed(found)}: "
            "both must not leave. Move the file out of the private folder if nobody else will ever have it, or drop "
            "the values from it"
        )


def known(private_dir: Path) -> dict[str, str]:
    """Return all look-ups of a private folder as one: keyed code -> original code."""
    return {code: original for lookup in lookups(private_dir) for code, original in lookup.items()}


def _refuse(findings: Iterable[Finding], error: type[UserError], consequence: str) -> None:
    found = list(findings)
    if found:
        places = listed([f"{finding.place} ({finding.count})" for finding in found])
        raise error(f"original subject codes stand in {places}: {consequence}")


def listed(names: list[str]) -> str:
    """Name the first of some places and count the others."""
    more = f" and {len(names) - _NAMED} more places" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
