"""Performance measures of binary prediction models, after STRATOS TG6: values, intervals, statuses.

`evaluate(y_true, y_prob)` gives all measures of one model, `evaluate_runs(frame)` those of many. The modules
compute on arrays what SQL cannot say (iteration, local fits, resampling), and again what it can, so that the two
can be compared.
"""

from typing import TYPE_CHECKING

from assets.engine.modules import lazy_submodules

if TYPE_CHECKING:
    from assets.stratos.evaluation import Evaluation, Measure, evaluate, evaluate_runs

__all__ = ["Evaluation", "Measure", "evaluate", "evaluate_runs"]

__getattr__ = lazy_submodules(__name__, dict.fromkeys(__all__, "evaluation"))
