"""Which runs can be compared so that the answer means something?"""

import ibis
from ibis.expr.types import Table

from queries.runs import CONFIGURATION


def one_step_pairs(runs: Table) -> Table:
    """Which runs differ in one method and in nothing else, and in which?

    One row per pair, `run_a` being the run whose method comes first by name. All pairs of 400 runs would be 80,000
    tests, most of them of runs that differ in everything.
    """
    a = runs.select("run_id", *CONFIGURATION)
    b = a.view()
    differing = [a[factor] != b[factor] for factor in CONFIGURATION]
    number = sum((differs.ifelse(1, 0) for differs in differing[1:]), differing[0].ifelse(1, 0))
    first = ibis.cases(*((a[factor] != b[factor], a[factor] < b[factor]) for factor in CONFIGURATION))
    pairs = a.join(b, [number == 1, first], rname="{name}_b")
    factor = ibis.cases(*((pairs[name] != pairs[f"{name}_b"], name) for name in CONFIGURATION))
    return pairs.select(run_a=pairs.run_id, run_b=pairs.run_id_b, factor=factor)
