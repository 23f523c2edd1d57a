"""Whatever happens to a study, in whatever order: each build is right, does no more than it must, and was foreseen.

A random study is edited, damaged, interrupted and built again, beside a model in plain Python. Set
STATEFUL_EXAMPLES for a longer run.
"""

import copy
import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.project_folders import Folder
from tests.random_studies import CELLS, GROUPS, OTHER_FORMS, Cells, Study, studies
from tests.study_model import Model
from tests.sudden_deaths import POINTS, Died, dying

NUMBERS = st.integers(0, 9)
CHANGES = {"edited": "v = v + 1", "edited in its notes": "n = n || '!'", "lost its record": "k = k"}
CAME_TRUE = {"keep": {"skipped"}, "run": {"built", "unchanged"}, "restore": {"restored"}}


class Studies(RuleBasedStateMachine):
    """One random study, and all that may befall it."""

    @initialize(study=studies())
    def start(self, study: Study) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.folder, self.study, self.model = Folder(Path(self.place.name) / "it"), study, Model()
        self.folder.path.mkdir()
        self.earlier = [copy.deepcopy(study)]
        self.study.write(self.folder)
        self.build_all()

    # --- what is edited ------------------------------------------------------------------------------------------

    @rule(
        which=NUMBERS,
        number=NUMBERS,
        what=st.sampled_from(["factor", "shift", "action", "notes", "comment", "form", "view"]),
    )
    def edit_an_asset(self, which: int, number: int, what: str) -> None:
        node = self.study.nodes[self.key(which)]
        match what:
            case "factor":
                node.factor = 1 + number % 3
            case "shift":
                node.shift = ("none", "helper", "setting")[number % 3]
            case "action":
                node.action = ("map", "group")[number % 2]
            case "notes":
                node.notes = not node.notes
            case "comment":
                node.comment = number
            case "form":
                node.form = OTHER_FORMS.get(node.form, node.form)
            case "view":
                node.view = node.may_be_view and not node.view
        self.written()

    @rule(number=NUMBERS, what=st.sampled_from(["shift", "setting", "spaces"]))
    def edit_what_several_use(self, number: int, what: str) -> None:
        setattr(self.study, what, number % 3)
        self.written()

    @rule(cells=GROUPS, source=st.sampled_from(["raw", "parts"]))
    def replace_data(self, cells: Cells, source: str) -> None:
        setattr(self.study, source, cells)
        self.written()

    @rule(group=st.sampled_from("abc"), cells=st.none() | CELLS, source=st.sampled_from(["raw", "parts"]))
    def edit_a_group(self, group: str, cells: list[tuple[int, str]] | None, source: str) -> None:
        found: Cells = getattr(self.study, source)
        found.pop(group, None)
        if cells is not None:
            found[group] = cells
        self.written()

    @rule(source=st.sampled_from(["raw", "parts"]))
    def edit_notes_alone(self, source: str) -> None:
        found: Cells = getattr(self.study, source)
        setattr(self.study, source, {g: [(v, n + "!") for v, n in cells] for g, cells in found.items()})
        self.written()

    @rule(number=NUMBERS)
    def go_back(self, number: int) -> None:
        self.study = copy.deepcopy(self.earlier[number % len(self.earlier)])
        self.written()

    # --- what is damaged -----------------------------------------------------------------------------------------

    @rule(which=NUMBERS, how=st.sampled_from(["deleted", "edited", "edited in its notes", "lost its record"]))
    def damage(self, which: int, how: str) -> None:
        key = self.key(which)
        if key not in self.model.there or (key in self.model.shown and how != "deleted"):
            return
        rows = self.model.there[key]
        path = self.folder.path / "out" / f"{key}.txt"
        if isinstance(rows, str):
            if how == "deleted":
                path.unlink()
            elif how == "lost its record":
                path.with_name(f"{key}.txt.asset.json").unlink(missing_ok=True)
            else:
                path.write_text(rows + "!")
        elif how == "deleted":
            self.folder.sql(f"DROP {'VIEW' if key in self.model.shown else 'TABLE'} {key}")
        else:
            self.folder.sql(f"UPDATE {key} SET {CHANGES[how]}")
        self.note_damage(key, how)
        self.model.move()

    def note_damage(self, key: str, how: str) -> None:
        rows = self.model.there.pop(key)
        self.model.shown.pop(key, None)
        if isinstance(rows, str):
            if how == "lost its record":
                self.model.record.pop(key, None)
            elif how != "deleted":
                self.model.there[key] = rows + "!"
            return
        if how == "edited":
            rows = tuple(sorted((g, k, v + 1, n) for g, k, v, n in rows))
        elif how == "edited in its notes":
            rows = tuple(sorted((g, k, v, n + "!") for g, k, v, n in rows))
        if how != "deleted":
            self.model.there[key] = rows

    @rule()
    def lose_the_tables(self) -> None:
        self.folder.database.unlink(missing_ok=True)
        self.model.shown.clear()
        for key in [k for k, node in self.study.nodes.items() if not node.is_file]:
            self.model.there.pop(key, None)
            self.model.record.pop(key, None)

    @rule(what=st.sampled_from(["cache", "index", "stamps", "."]))
    def forget(self, what: str) -> None:
        shutil.rmtree(self.folder.path / ".assets" / what, ignore_errors=True)
        if what in ("cache", "."):
            self.model.cached.clear()

    # --- what is built -------------------------------------------------------------------------------------------

    @rule(jobs=st.integers(1, 2), seal=st.booleans(), force=st.sampled_from([False, False, True]))
    def build(self, jobs: int, seal: bool, force: bool) -> None:
        self.build_all(jobs=jobs, seal=seal, force=force)

    @rule(which=NUMBERS, upstream=st.booleans())
    def build_some(self, which: int, upstream: bool) -> None:
        key = self.key(which)
        needed = self.closure(key)
        if not upstream and all(self.model.is_whole(k) for k in needed - {key}):
            needed = {key}
        self.compared(self.ordered(needed), key if needed == {key} else f"+{key}")

    @rule(
        point=st.sampled_from([*POINTS]),
        number=st.integers(0, 4),
        group=st.sampled_from("abc"),
        edited=st.booleans(),
    )
    def die_and_go_on(self, point: str, number: int, group: str, edited: bool) -> None:
        self.study.shift += 1
        self.edit_a_group(group, [(number, "x")], "parts")
        try:
            with dying(point, number) as (begun, settled):
                self.folder.build(jobs=1, seal=True)
        except Died:
            pass
        self.settle(settled)
        if edited:
            self.edit_a_group(group, [(number + 1, "y")], "raw")
        self.build_all(doubtful=begun - settled)

    @rule(which=NUMBERS)
    def fail_and_mend(self, which: int) -> None:
        key = self.key(which)
        below = {k for k in self.study.nodes if key in self.closure(k)}
        # nothing is published, and a file of a table that somebody edited has to wait until it is
        files = {k for k, node in self.study.nodes.items() if node.is_file}
        self.study.nodes[key].fails = True
        self.study.write(self.folder)
        outcomes = self.folder.build()
        assert outcomes[key] == "failed" and all(outcomes[k] == "blocked" for k in below - {key})
        assert not {"failed", "blocked"} & {
            outcome for k, outcome in outcomes.items() if k not in below | files
        }
        self.study.nodes[key].fails = False
        self.written()
        self.settle(k for k in self.study.nodes if k not in below and not self.study.nodes[k].is_file)
        self.build_all(doubtful=[k for k, node in self.study.nodes.items() if node.is_file])

    def settle(self, keys: Any) -> None:
        """Take assets that a build finished before it ended into the model: they are in the cache."""
        trial, finished = copy.deepcopy(self.model), set(keys)
        trial.build(self.study, self.study.nodes)
        self.model.cached |= {(key, made_from) for key, made_from in trial.cached if key in finished}

    def build_all(
        self,
        *,
        jobs: int = 2,
        seal: bool = False,
        force: bool = False,
        doubtful: Collection[str] | None = None,
    ) -> None:
        self.compared([*self.study.nodes], jobs=jobs, seal=seal, force=force, doubtful=doubtful)
        assert set(self.folder.states().values()) == {"fresh"}

    def compared(
        self,
        keys: list[str],
        *selection: str,
        force: bool = False,
        doubtful: Collection[str] | None = None,
        **how: Any,
    ) -> None:
        """Plan and build; compare what was planned, what was done and what is there with what must be."""
        keys = self.with_views(keys)
        planned = self.folder.plan(*selection, force=force)
        expected = self.model.build(self.study, keys, keys if force else (), doubtful=doubtful)
        outcomes = self.folder.build(*selection, force=force, **how)
        wrong = {k: (outcomes[k], expected[k]) for k in keys if outcomes[k] not in expected[k]}
        assert outcomes.keys() == expected.keys() and not wrong
        if doubtful is None:
            unforeseen = {
                k: (planned[k], outcomes[k]) for k in keys if not self.came_true(k, planned, outcomes)
            }
            assert not unforeseen
        assert self.study.read(self.folder) == self.model.there

    def came_true(self, key: str, planned: dict[str, str], outcomes: dict[str, str]) -> bool:
        upstream = self.closure(key) - {key}
        open_ended = any(planned.get(k) in ("run", "maybe") for k in upstream)
        if planned[key] == "maybe":
            return open_ended
        return outcomes[key] in CAME_TRUE[planned[key]] | ({"restored"} if open_ended else set())

    # --- what is there -------------------------------------------------------------------------------------------

    def key(self, which: int) -> str:
        return [*self.study.nodes][which % len(self.study.nodes)]

    def closure(self, key: str) -> set[str]:
        node = self.study.nodes[key]
        reads = [k for k in [*node.reads, node.extra] if k in self.study.nodes]
        return {key}.union(*map(self.closure, filter(None, reads)))

    def with_views(self, keys: Collection[str]) -> list[str]:
        found = set(keys)
        for key, node in self.study.nodes.items():
            reads = {read for read in [*node.reads, node.extra] if read in self.study.nodes}
            if node.view and found & reads and reads <= {*found, *self.model.there}:
                found.add(key)
        return self.ordered(found)

    def ordered(self, keys: Collection[str]) -> list[str]:
        return [key for key in self.study.nodes if key in keys]

    def written(self) -> None:
        self.study.write(self.folder)
        self.earlier.append(copy.deepcopy(self.study))

    def teardown(self) -> None:
        if not hasattr(self, "place"):
            return
        self.build_all()
        assert set(self.folder.build().values()) == {"skipped"}
        scratch = Folder(Path(self.place.name) / "scratch")
        scratch.path.mkdir()
        self.study.write(scratch)
        scratch.build(jobs=1)
        assert scratch.versions() == self.folder.versions()
        self.place.cleanup()


TestStudies = Studies.TestCase
TestStudies.settings = settings(
    max_examples=int(os.environ.get("STATEFUL_EXAMPLES", "8")),
    stateful_step_count=int(os.environ.get("STATEFUL_STEPS", "12")),
    # what a longer run finds is mended, not met by chance
    derandomize="STATEFUL_EXAMPLES" not in os.environ,
    deadline=None,
    # a build takes a tenth of a second: the steps can be read as they are
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
