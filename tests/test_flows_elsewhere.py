"""What flows/README.md says of running elsewhere is what there is."""

import re
import sys
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import yaml

from assets.inputs.evidence import MlflowRuns
from assets.inputs.extraction import read, read_elsewhere
from assets.inputs.subjects import ensure_key
from tests.large_stores import Shape, write_file_store
from tests.written_stores import opened

FLOWS = Path(__file__).resolve().parents[1] / "flows"
README = (FLOWS / "README.md").read_text("utf-8")


def ray_in_threads(threads: ThreadPoolExecutor) -> SimpleNamespace:
    """The three of Ray's functions that the script of the README calls, with threads for a cluster."""

    def remote(function: Callable[..., Any]) -> SimpleNamespace:
        return SimpleNamespace(remote=lambda *given: threads.submit(function, *given))

    def first(futures: list[Future[Any]]) -> tuple[list[Future[Any]], list[Future[Any]]]:
        done = next(iter(wait(futures, return_when=FIRST_COMPLETED).done))
        return [done], [future for future in futures if future is not done]

    return SimpleNamespace(remote=remote, wait=first, get=lambda future: future.result())


def test_the_script_for_ray_reads_what_is_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (script,) = re.findall(r"^```python\n(import ray\n.*?)^```", README, re.MULTILINE | re.DOTALL)
    store, candidates = opened(write_file_store(tmp_path / "s", Shape(320, 4, 2, bad_every=5)).uri)
    ensure_key(tmp_path / "private")
    runs = MlflowRuns(store, {c.run.run_id: c for c in candidates}, tmp_path / "private")
    here = pa.concat_tables(read(runs, [*runs.candidates])).sort_by("run_id")
    with ThreadPoolExecutor(2) as threads:
        monkeypatch.setitem(sys.modules, "ray", ray_in_threads(threads))
        given: dict[str, Any] = {"__name__": "script"}
        exec(script, given)
        with read_elsewhere(given["on_ray"]):
            there = pa.concat_tables(read(runs, [*runs.candidates])).sort_by("run_id")
    assert there.equals(here)
    assert len(here) == 320, "more batches than are on their way at a time"


@pytest.mark.prefect
def test_what_the_readme_tells_to_run_is_deployed_or_served_and_each_flow_has_its_line() -> None:
    from prefect.flows import load_flow_from_entrypoint

    from flows import serving

    plan = yaml.safe_load((FLOWS / "prefect.yaml").read_text("utf-8"))
    there = {f"{one.flow_name}/{one.name}" for one in serving.deployments(None)}
    for deployment in plan["deployments"]:
        flow = load_flow_from_entrypoint(deployment["entrypoint"]).name
        assert f"| `{flow}` | `{deployment['entrypoint'].split('/')[1].split(':')[0]}` |" in README
        there.add(f"{flow}/{deployment['name']}")
    named = re.findall(
        r"(?:prefect deployment run |schedule ls\s|`)(\w+/(?:study|extraction|analysis|served))", README
    )
    assert set(named) == there
