"""Change the import: the same file of assets under Dagster and here, and what cannot be the same is refused."""

import inspect
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine import UserError, asset, dagster_words
from assets.engine.dagster_words import AssetDep, AssetExecutionContext, AssetIn, AssetKey
from assets.engine.names import check_key
from assets.on_dagster import build_definitions
from tests.dagster_twins import LAB, SHOP, our_graph, ours, their_graph, theirs
from tests.declared_assets import declared

pytestmark = pytest.mark.xdist_group("dagster_twin")  # importing dagster once is enough

PAGE = Path(__file__).resolve().parent.parent / "assets/on_dagster/README.md"


@pytest.mark.parametrize("text", [SHOP, LAB], ids=["from Dagster", "from ours"])
def test_both_imports_declare_the_same_assets(text: str, tmp_path: Path) -> None:
    with ours(text, tmp_path).open() as project:
        here = our_graph(project.definitions)
    there = their_graph(theirs(text, tmp_path))
    assert here.keys() == there.keys()
    for key, said in there.items():
        assert here[key] == said, key


@pytest.mark.parametrize("text", [SHOP, LAB], ids=["from Dagster", "from ours"])
def test_both_imports_make_the_same_tables_to_the_value(text: str, tmp_path: Path) -> None:
    folder = ours(text, tmp_path)
    outcomes = folder.build()
    assert set(outcomes.values()) == {"built"}
    assert set(folder.build().values()) == {"skipped"}
    ran = dg.materialize(theirs(text, tmp_path), resources={"io_manager": dg.mem_io_manager})
    for key in outcomes:
        value = ran.asset_value(key)
        table = value if isinstance(value, pa.Table) else pa.Table.from_pandas(value, preserve_index=False)
        assert folder.rows(key) == sorted(zip(*table.to_pydict().values(), strict=True)), key


def test_our_definitions_show_the_file_as_it_was_and_more(tmp_path: Path) -> None:
    with ours(SHOP, tmp_path).open() as project:
        bridged = build_definitions(project).assets or []
        here = their_graph([thing for thing in bridged if isinstance(thing, dg.AssetsDefinition)])
    there = their_graph(theirs(SHOP, tmp_path))
    assert here.keys() == there.keys()
    for key, said in there.items():
        assert here[key]["kinds"] >= said.pop("kinds") | {"table", "duckdb"}, key
        assert here[key]["metadata"].items() >= said.pop("metadata").items(), key
        assert here[key]["code_version"] and said.pop("code_version") in (None, "3"), "ours are automatic"
        assert here[key] | said == here[key], key


def test_the_library_may_be_imported_under_the_name_that_dagster_has(tmp_path: Path) -> None:
    text = SHOP.replace(
        "from {library} import AssetDep, AssetExecutionContext, AssetIn, AssetKey, asset", "IMPORT"
    )
    named = re.sub(r"\b(AssetDep|AssetExecutionContext|AssetIn|AssetKey)\(", r"dg.\1(", text)
    named = named.replace("@asset", "@dg.asset").replace("context: A", "context: dg.A")
    named = named.replace("IMPORT", "import {library} as dg")
    (tmp_path / "plain").mkdir()
    with ours(named, tmp_path).open() as project, ours(SHOP, tmp_path / "plain").open() as plain:
        assert our_graph(project.definitions) == our_graph(plain.definitions)
        code = project.look().closure(project.definitions.assets["revenue"])
        assert code.fragments == plain.look().closure(plain.definitions.assets["revenue"]).fragments


def test_what_is_declared_can_be_called_as_the_function_it_was() -> None:
    @asset
    def doubled(context: AssetExecutionContext, value: pa.Table) -> pa.Table:
        context.log.info("called")
        return value * 2

    assert doubled(AssetExecutionContext("doubled"), 2) == doubled(value=2) == 4
    assert doubled.reference.startswith(f"{__name__}:") and doubled.function.__name__ == "doubled"


def test_what_is_logged_reaches_the_log_of_the_program(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        AssetExecutionContext("orders").log.info("%d rows", 3)
    assert [(r.name, r.levelname, r.getMessage()) for r in caplog.records] == [
        ("assets.orders", "INFO", "3 rows")
    ]


def test_on_the_command_line_it_is_shown_and_what_is_dagsters_alone_is_one_line(tmp_path: Path) -> None:
    folder = ours(SHOP, tmp_path)
    done = folder.command("materialize", "+revenue")
    assert done.returncode == 0 and "revenue: revenue of 3 orders\n" in done.stderr
    folder.edit("AssetKey, asset", "AssetKey, MaterializeResult, asset")
    done = folder.command("status")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: MaterializeResult is Dagster's") and done.stderr.count("\n") == 1


# what the page says of every parameter

ROWS = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", PAGE.read_text("utf-8"), re.MULTILINE))
HIDDEN = {"auto_materialize_policy", "compute_kind", "legacy_freshness_policy", "non_argument_deps"}
"""Parameters that Dagster takes and does not show."""
OF_DAGSTER = ({*inspect.signature(dg.asset).parameters} - {"compute_fn", "kwargs"}) | HIDDEN


def test_the_page_lists_every_parameter_of_dagsters_asset_and_no_other() -> None:
    assert set(ROWS) == OF_DAGSTER, (
        "Dagster's decorator has changed: say in the page what a parameter does here"
    )
    shown = inspect.getsource(inspect.unwrap(dg.asset))
    assert set(re.findall(r'kwargs\.get\(\s*"(\w+)"', shown)) == HIDDEN


@pytest.mark.parametrize("word", sorted(OF_DAGSTER))
def test_a_parameter_is_taken_or_refused_as_the_page_says(word: str) -> None:
    if ROWS[word] == "refused":
        assert word in dagster_words.REFUSED, "say what to write instead"
        with pytest.raises(UserError, match=rf"asset\(\) got {word}, which is not supported here: [`\w]"):
            declared("one", **{word: object()})
    else:
        assert ROWS[word] in {"same", "same, mapped", "carried"}
        assert word in inspect.signature(asset).parameters
    declared("one", **{word: None})


def test_what_dagster_takes_for_granted_may_be_said() -> None:
    declared("one", output_required=True, is_virtual=False)
    for said in ({"output_required": False}, {"is_virtual": True}):
        with pytest.raises(UserError, match=r"not supported here"):
            declared("one", **said)


@pytest.mark.parametrize("one", [AssetIn, AssetDep])
def test_the_other_words_of_an_input_are_refused_by_name(one: Any) -> None:
    words = {*inspect.signature(getattr(dg, one.__name__).__new__).parameters} - {"cls", "key", "asset"}
    assert len(words) >= 2
    for word in words:
        with pytest.raises(UserError, match=rf"{one.__name__}\(\) got {word}"):
            one("a", **{word: "b"})
        one("a", **{word: None})


def test_what_a_context_has_only_in_dagster_is_refused_by_name() -> None:
    context = AssetExecutionContext("orders")
    names = [name for name in dir(dg.AssetExecutionContext) if not name.startswith("_")]
    assert {"log", "asset_key", "partition_key", *dagster_words._CONTEXT} <= {*names}
    for name in {*names} - {"log", "asset_key"}:
        with pytest.raises(UserError, match=rf"`orders` uses context\.{name}, which is not supported here: "):
            getattr(context, name)


def test_a_name_that_is_dagsters_alone_is_refused_where_it_is_imported() -> None:
    for name, instead in dagster_words._NAMES.items():
        assert hasattr(dg, name), f"Dagster has no {name}"
        with pytest.raises(
            UserError, match=re.escape(f"{name} is Dagster's, and not supported here: {instead}")
        ):
            exec(f"from assets.engine import {name}")
    with pytest.raises(ImportError, match="Nonsense"):
        exec("from assets.engine import Nonsense")


# names and labels

ODD = "type config context class None print lineage dagster/kind/a ann@example.org ann@org .a@b.de a@b.de. a/b/c"
TEXTS = st.text("aZ0_-./ :é@", max_size=5) | st.sampled_from(
    [*ODD.split(), "team:", "team:x", "team:a b", "a b@c.de", "a" * 63, "a" * 64]
)
SAID = st.one_of(
    st.fixed_dictionaries({"group_name": TEXTS}),
    st.fixed_dictionaries({"owners": st.lists(TEXTS, max_size=2)}),
    st.fixed_dictionaries({"kinds": st.sets(TEXTS, max_size=12)}),
    st.fixed_dictionaries({"tags": st.dictionaries(TEXTS, TEXTS | st.integers(), max_size=2)}),
)


@settings(max_examples=300, deadline=None)
@given(SAID)
def test_groups_owners_kinds_and_tags_are_taken_where_dagster_takes_them(said: dict[str, Any]) -> None:
    assert refused(lambda: declared("one", **said)) == refused(lambda: dg.asset(**said)(one)), said


@settings(max_examples=100, deadline=None)
@given(TEXTS.filter(bool))
def test_a_name_is_refused_on_its_way_to_dagsters_pages_if_they_would_not_take_it(name: str) -> None:
    assert declared("one", name=name).key == name
    assert refused(lambda: check_key(name)) == refused(lambda: dg.asset(name=name)(one)), name


def one() -> None: ...


def refused(declare: Callable[[], Any]) -> bool:
    try:
        declare()
    except (UserError, dg.DagsterInvalidDefinitionError):
        return True
    return False


@pytest.mark.parametrize("key", [["raw", "orders"], [], 3, [3], AssetKey, object()])
def test_a_key_of_several_parts_and_what_is_none_are_refused(key: Any) -> None:
    for said in ({"deps": [key]}, {"ins": {"x": key}}, *([{"key": key}] if key else [])):
        with pytest.raises(UserError, match="is not the key of an asset"):
            declared("one", "x", **said)
    with pytest.raises(UserError, match="is not the key of an asset"):
        AssetKey(key)


def test_what_names_an_input_must_not_be_dagsters_own_and_a_key_may() -> None:
    assert declared("one", "x", ins={"x": dg.AssetKey("a")}, deps=[dg.AssetKey("b")]).upstream == ("a", "b")
    for said in (
        {"ins": {"x": dg.AssetIn(key_prefix="raw")}},
        {"deps": [dg.AssetDep("a", metadata={"m": 1})]},
    ):
        with pytest.raises(UserError, match="is Dagster's own"):
            declared("one", "x", **said)


def test_two_words_for_one_thing_are_refused() -> None:
    for said in ({"key": "a", "name": "b"}, {"kinds": ["a"], "compute_kind": "b"}):
        with pytest.raises(UserError, match="got both"):
            declared("one", **said)
        with pytest.raises(dg.DagsterInvalidDefinitionError):
            dg.asset(**said)(one)


def test_a_context_comes_first_as_in_dagster() -> None:
    with pytest.raises(UserError, match="must be its first parameter"):
        declared("one", "x", "context")
    assert declared("one", "_", "x").upstream == ("x",)


# what is handed on, and the way back


def test_what_only_dagster_acts_on_is_handed_on_and_counts_for_nothing(tmp_path: Path) -> None:
    said = "automation_condition=dg.AutomationCondition.eager()"
    folder = ours(f"import dagster as dg\n{LAB.replace('@asset(', f'@asset({said}, ', 1)}", tmp_path)
    with folder.open() as project:
        (spec, *_) = [spec for shown in build_definitions(project).assets or () for spec in shown.specs]
        assert spec.automation_condition == dg.AutomationCondition.eager()
        carrying = project.definitions.assets["measured"].declaration
    with ours(LAB, tmp_path).open() as project:
        assert project.definitions.assets["measured"].declaration == carrying
    fresh = dg.FreshnessPolicy.cron("0 9 * * *", timedelta(hours=1))
    assert declared("one", freshness_policy=fresh).carried == {"freshness_policy": fresh}
    with pytest.raises(UserError, match="automation_condition that is not Dagster's"):
        declared("one", automation_condition="eager")


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        *[
            ({word: value}, TypeError)
            for word, value in {"primary_key": "id", "ranges": {}, "columns": {}}.items()
        ],
        *[({word: value}, TypeError) for word, value in {"view": True, "path": "a.txt"}.items()],
        ({"partitions_def": "raw"}, dg.DagsterError),
        ({"owners": "team:lab"}, dg.DagsterError),
        ({"ins": {"x": "measured"}}, AttributeError),
    ],
)
def test_a_word_that_is_ours_alone_is_refused_by_dagster(
    said: dict[str, Any], refusal: type[Exception]
) -> None:
    def one(x: object) -> None: ...

    with pytest.raises((refusal, dg._check.CheckError)):
        dg.asset(**said)(one)


def test_one_name_without_a_list_is_letters_to_dagster_and_the_page_says_so() -> None:
    assert dg.asset(deps="ab")(one).dependency_keys == {dg.AssetKey("a"), dg.AssetKey("b")}
    assert '`deps="raw"`' in PAGE.read_text("utf-8")
