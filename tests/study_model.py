"""A model in plain Python of what a random study's assets must hold, and of what a build of it must do."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from tests.random_studies import SOURCES, Node, Study

Row = tuple[str, int, int, str]
Content = tuple[Row, ...] | str
"""Sorted rows of a table, or the text of a file."""
MadeFrom = tuple[object, ...]

RUNS = {"built", "unchanged"}


def content(node: Node, shift: int, inputs: list[Content], counted: int) -> Content:
    """Return what comes out of an asset."""
    if node.is_file:
        texts = [given if isinstance(given, str) else repr(list(given)) for given in inputs]
        return f"{node.factor} {shift} " + " ".join(texts)
    rows = [(g, k * len(inputs) + i, v, n) for i, rows in enumerate(inputs) for g, k, v, n in rows]  # type: ignore[misc]
    if node.action == "count":
        return (("all", 0, len(rows), "-"),)
    if node.action == "group":
        rows = [
            (group, 0, sum(v for g, _, v, _ in rows if g == group), "-") for group in {r[0] for r in rows}
        ]
    added = shift + counted
    return tuple(
        sorted((g, k, (v * node.factor + added) % 4, n if node.notes else "-") for g, k, v, n in rows)
    )


def seen_of(node: Node, rows: Content, *, counted: bool) -> object:
    """Return what of an input counts: expressions read some columns, and some only how many rows there are."""
    if node.form != "expression" or isinstance(rows, str):
        return rows
    if counted or node.action == "count":
        return len(rows)
    if node.action == "group":
        return tuple(sorted((g, v) for g, _, v, _ in rows))
    return rows if node.notes else tuple(sorted(row[:3] for row in rows))


@dataclass
class Model:
    """What is there, what it was made from, and what was ever made."""

    there: dict[str, Content] = field(default_factory=dict)
    record: dict[str, tuple[MadeFrom, Content]] = field(default_factory=dict)
    cached: set[tuple[str, MadeFrom]] = field(default_factory=set)
    shown: dict[str, tuple[Node, int]] = field(default_factory=dict)
    """The views that are there, as they were made, and what each adds to a value."""

    def build(
        self,
        study: Study,
        selected: Iterable[str],
        forced: Collection[str] = (),
        *,
        doubtful: Collection[str] | None = None,
    ) -> dict[str, set[str]]:
        """Do what a build must do; return the outcomes that each selected asset may have.

        After a build that ended early, `doubtful` are the assets at which it did: nobody can tell whether
        those are done, nor whether what it finished stands or is restored.
        """
        outcomes: dict[str, set[str]] = {}
        for key in selected:
            made_from, made = self.due(study, key)
            fresh = self._stands(key, made_from) and key not in forced
            outcomes[key] = {"skipped"} if fresh else self._outcomes(key, made_from, forced)
            if doubtful is not None and (key in doubtful or outcomes[key] != RUNS):
                outcomes[key] = {"skipped", "restored"} | (RUNS if key in doubtful else set())
            if doubtful is not None and study.nodes[key].view:
                outcomes[key] = {"skipped", *RUNS}
            self.there[key], self.record[key] = made, (made_from, made)
            self._show(study, key)
            if not fresh and not study.nodes[key].view:
                self.cached.add((key, made_from))
        return outcomes

    def _show(self, study: Study, key: str) -> None:
        """Take note of whether an asset is a view, and let all views move with what is there now."""
        node = study.nodes[key]
        self.shown.pop(key, None)
        if node.view:
            self.shown[key] = (replace(node), study.added(node))
        self.move()

    def move(self) -> None:
        """Let every view show what is there now; one of a table that is gone shows nothing."""
        for key, (node, added) in sorted(self.shown.items()):
            self.there.pop(key, None)
            if all(read in self.there for read in filter(None, [*node.reads, node.extra])):
                counted = len(self.there[node.extra]) if node.extra else 0
                self.there[key] = content(node, added, [self.there[read] for read in node.reads], counted)

    def due(self, study: Study, key: str) -> tuple[MadeFrom, Content]:
        """Return what an asset would be made from now, and what would come out."""
        node = study.nodes[key]
        inputs = [self._content(study, read) for read in node.reads]
        counted = self._content(study, node.extra) if node.extra else ()
        versions = [self._version(study, node, *pair) for pair in zip(node.reads, inputs, strict=True)]
        # of a file's text these are no part
        how = None if node.is_file else (node.action, node.notes, node.extra, node.partitioned, node.view)
        code = (node.form, *node.reads, node.factor, how)
        # an expression is what it compiles to, wherever its numbers come from
        kind = "setting" if node.shift == "setting" else "" if node.form == "expression" else node.shift
        extra = seen_of(node, counted, counted=True) if node.extra else None
        made_from = (code, kind, study.added(node), tuple(versions), extra)
        return made_from, content(node, study.added(node), inputs, len(counted))

    def is_whole(self, key: str) -> bool:
        """Tell whether an asset is as its record says."""
        return key in self.record and self.there.get(key) == self.record[key][1]

    def _outcomes(self, key: str, made_from: MadeFrom, forced: Collection[str]) -> set[str]:
        if key in forced:
            return RUNS
        if (key, made_from) in self.cached:
            return {"restored"}
        return RUNS

    def _stands(self, key: str, made_from: MadeFrom) -> bool:
        return self.is_whole(key) and self.record[key][0] == made_from

    def _content(self, study: Study, key: str) -> Content:
        if key not in SOURCES:
            return self.there[key]
        cells = study.raw if key == "raw" else study.parts
        return tuple(sorted((g, k, v, n) for g, values in cells.items() for k, (v, n) in enumerate(values)))

    def _version(self, study: Study, node: Node, key: str, rows: Content) -> object:
        if key == "raw":
            return study.raw_text
        if key == "parts":
            return repr(sorted(study.parts.items()))
        return seen_of(node, rows, counted=False)
