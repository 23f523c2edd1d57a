"""A file that names subjects must not be joinable with what is published; codes must not tell what they stand for."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from assets.engine.errors import UserError
from assets.inputs.privacy.joinability import joinable
from assets.inputs.privacy.telling import correlation, faults
from assets.inputs.subjects import relabel

ORIGINALS = [f"QX-{number:04d}" for number in range(30)]
RISKS = np.random.default_rng(7).random(30)


@pytest.fixture
def codes(tmp_path: Path) -> Mapping[str, str]:
    return relabel(ORIGINALS, tmp_path)


@pytest.fixture
def tables(codes: Mapping[str, str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Predictions of two runs, and what one of many refits gave."""
    frame = pd.DataFrame({"subject_code": [codes[o] for o in ORIGINALS], "y_prob": RISKS})
    frame["y_true"] = (frame.y_prob > 0.5).astype(int)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE predictions AS SELECT 'a' AS run_id, * FROM frame")
        connection.execute(
            "INSERT INTO predictions SELECT 'b', subject_code, y_prob / 2, y_true FROM predictions"
        )
        connection.execute(
            "CREATE VIEW refits AS SELECT subject_code, [y_prob / 3, 0.5] AS risks FROM predictions"
        )
        yield connection


def joined(
    tables: duckdb.DuckDBPyConnection, folder: Path, codes: Mapping[str, str], *, lists: bool = False
) -> list[str]:
    lookup = {code: original for original, code in codes.items()}
    return [told.removeprefix(f"{folder}/") for told in joinable(tables, folder, lookup, lists=lists)]


ROWS = [
    {"code": original, "outlier %": risk} for original, risk in zip(ORIGINALS, RISKS.tolist(), strict=True)
]


def as_csv(path: Path) -> None:
    pd.DataFrame(ROWS).to_csv(path, index=False)


def as_parquet(path: Path) -> None:
    pd.DataFrame(ROWS).to_parquet(path)


def as_rows(path: Path) -> None:
    path.write_text(json.dumps({"demo": ROWS}))


def by_code(path: Path) -> None:
    path.write_text(yaml.safe_dump({row["code"]: {"outlier %": row["outlier %"]} for row in ROWS}))


def as_columns(path: Path) -> None:
    path.write_text(json.dumps({"code": ORIGINALS, "outlier %": RISKS.tolist()}))


def by_group(path: Path) -> None:
    path.write_text(yaml.safe_dump({"demo_subjects": {"glaucoma": ROWS[:4], "control": ROWS[4:8]}}))


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (as_csv, "a.csv"),
        (as_parquet, "a.parquet"),
        (as_rows, "a.json"),
        (as_columns, "a.json"),
        (by_code, "a.yaml"),
        (by_group, "demo/a.yml"),
    ],
)
def test_the_same_values_beside_original_and_keyed_codes_are_found(
    tables: duckdb.DuckDBPyConnection, tmp_path: Path, codes: Mapping[str, str], write: object, name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    write(tmp_path / name)  # type: ignore[operator]
    (told,) = joined(tables, tmp_path, codes)
    assert told.startswith(f"{name}, field `") and "outlier %" in told
    assert "column `y_prob` of `predictions`" in told and not any(original in told for original in ORIGINALS)


def test_one_subject_of_whom_a_telling_value_is_known_is_enough(
    tables: duckdb.DuckDBPyConnection, tmp_path: Path, codes: Mapping[str, str]
) -> None:
    (tmp_path / "a.json").write_text(json.dumps([ROWS[3]]))
    assert len(joined(tables, tmp_path, codes)) == 1


def test_values_that_are_nobodys_alone_or_somebody_elses_join_nothing(
    tables: duckdb.DuckDBPyConnection, tmp_path: Path, codes: Mapping[str, str]
) -> None:
    rows = pd.DataFrame({"code": ORIGINALS, "y_true": (RISKS > 0.5) * 1, "age": np.arange(30) + 40})
    rows["shuffled"] = RISKS[np.arange(30) - 1]
    rows.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "b.json").write_text(json.dumps({"risks": RISKS.tolist(), "note": "no subject is named"}))
    (tmp_path / "notes.txt").write_text("QX-0003: 0.5")
    assert joined(tables, tmp_path, codes) == []


def test_values_of_every_refit_are_compared_when_asked(
    tables: duckdb.DuckDBPyConnection, tmp_path: Path, codes: Mapping[str, str]
) -> None:
    rows = [{"code": o, "risk": r / 3} for o, r in zip(ORIGINALS, RISKS.tolist(), strict=True)]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    assert joined(tables, tmp_path, codes) == []
    (told,) = joined(tables, tmp_path, codes, lists=True)
    assert "column `risks` of `refits`" in told


@pytest.mark.parametrize("name", ["a.json", "a.yaml", "a.parquet"])
def test_a_private_file_that_cannot_be_read_stops_everything(
    tables: duckdb.DuckDBPyConnection, tmp_path: Path, codes: Mapping[str, str], name: str
) -> None:
    (tmp_path / name).write_bytes(b"{]\0")
    with pytest.raises(UserError, match=rf"{name} cannot be read"):
        joined(tables, tmp_path, codes)


def test_our_codes_are_neither_ordered_nor_a_hash_that_anybody_can_compute(tmp_path: Path) -> None:
    originals = [f"QX-{number:04d}" for number in range(400)]
    lookup = {code: original for original, code in relabel(originals, tmp_path).items()}
    assert list(faults(lookup)) == []
    assert abs(correlation(lookup)) < 5 / 399**0.5


@pytest.mark.parametrize("way", ["md5", "sha1", "sha256", "sha512", "blake2b"])
def test_a_hash_without_a_key_is_noticed_in_any_spelling(way: str) -> None:
    digest = hashlib.new(way, b"QX-0001").digest()
    for spelled in (digest.hex(), digest.hex()[:10].upper(), "S" + base64.b32encode(digest).decode()[:10]):
        assert way in next(faults({spelled: "QX-0001"}))


def test_codes_that_spell_or_number_the_originals_are_noticed() -> None:
    assert "order" in next(faults({f"H{number:03d}": f"QX-{number * 7:04d}" for number in range(40)}))
    assert "order" in next(faults({f"H{99 - number:03d}": f"QX-{number * 7:04d}" for number in range(40)}))
    assert "text" in next(faults({"S-QX-0001": "QX-0001"}))
    assert "spelling" in next(faults({b"QX-0001".hex(): "QX-0001"}))


def test_originals_are_ordered_by_the_numbers_in_them() -> None:
    lookup = {f"H{number:03d}": f"QX-{number}" for number in range(40)}
    assert correlation(lookup) == 1
