"""Pickles are hostile until proven otherwise."""

import collections
import copyreg
import datetime
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import assets
from assets.inputs.artifacts.safe_pickle import RefusedPickleError, as_array, described, load
from assets.inputs.artifacts.worker import answer


def calling(module: str, name: str, *arguments: object) -> bytes:
    """A pickle that calls `module.name(*arguments)`."""
    body = pickle.dumps(arguments, protocol=4)[11:-1] if arguments else b")"
    return b"\x80\x04" + f"c{module}\n{name}\n".encode() + body + b"R."


class Reduced:
    """An object that pickles as any call whatever."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __reduce__(self) -> tuple[Any, ...]:
        return self.parts


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("__builtin__", "eval"),
        ("builtins", "__import__"),
        ("subprocess", "Popen"),
        ("functools", "partial"),
        ("operator", "attrgetter"),
        ("numpy", "load"),
        ("numpy", "fromfile"),
        ("numpy.core.multiarray", "fromfile"),
        ("pandas", "eval"),
        ("pandas", "read_pickle"),
        ("pandas", "DataFrame.query"),
        ("builtins", "list.__class__"),
        ("collections", "OrderedDict.fromkeys"),
        ("copyreg", "_reconstructor"),
        ("__main__", "anything"),
        ("pickle", "loads"),
    ],
)
def test_a_pickle_that_names_anything_but_plain_data_is_refused(module: str, name: str) -> None:
    with pytest.raises(RefusedPickleError, match=f"names something of `{module.split('.')[0]}`, "):
        load(calling(module, name, "echo"))


def test_a_dotted_name_of_the_newer_protocol_is_refused_as_well() -> None:
    stack_global = b"\x80\x04\x8c\x06pandas\x8c\x0fDataFrame.query\x93."
    with pytest.raises(RefusedPickleError, match="something of `pandas`"):
        load(stack_global)


def test_what_writes_a_time_zone_takes_nothing_out_of_anything_else() -> None:
    zone: Any = load(pickle.dumps({"zone": ZoneInfo("Europe/Helsinki"), "rest": 1}))
    assert described(zone["zone"]) == "an object of pandas or numpy that is not read"
    assert zone["rest"] == 1
    for owner, name in ((b"cnumpy\nndarray\n", "__class__"), (b"cbuiltins\nlist\n", "_unpickle")):
        taken = b"cbuiltins\ngetattr\n(" + owner + pickle.dumps(name, 2)[2:-1] + b"tR."
        with pytest.raises(RefusedPickleError, match="takes a part out of an object"):
            load(taken)


def test_a_refusal_names_the_library_and_quotes_no_word() -> None:
    with pytest.raises(RefusedPickleError) as of_library:
        load(calling("sklearn.QX0042", "QX0042"))
    with pytest.raises(RefusedPickleError) as of_nowhere:
        load(calling("QX0042", "QX0042"))
    assert str(of_library.value) == "names something of `sklearn`, which plain data does not need"
    assert str(of_nowhere.value) == "names something of an unknown program, which plain data does not need"


def test_what_goes_on_behind_its_end_is_refused() -> None:
    good = pickle.dumps([1])
    assert load(good) == [1]
    for more in (b"\0", b"\n", good):
        with pytest.raises(RefusedPickleError, match="goes on behind its end"):
            load(good + more)


SEALED = """
import os, pickle
from assets.inputs.artifacts import safe_pickle
safe_pickle.WORDS["os", "system"] = os.system  # as if the table had a hole
safe_pickle.seal()
try:
    safe_pickle.load(b"cos\\nsystem\\n(X\\x0c\\0\\0\\0touch canarytR.")
except safe_pickle.RefusedPickleError as error:
    print(error)
os.system("echo the process itself may")
"""


def test_behind_the_table_of_words_stands_a_seal(tmp_path: Path) -> None:
    root = str(Path(assets.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", SEALED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "does something (os.system)" in done.stdout
    assert "the process itself may" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_code_of_the_extension_registry_is_refused() -> None:
    with pytest.raises(ValueError, match="unregistered extension code"):
        load(b"\x80\x02\x82\x01.")
    copyreg.add_extension("os", "system", 240)
    try:
        with pytest.raises(RefusedPickleError, match="something of `os`"):
            load(b"\x80\x02\x82\xf0.")
    finally:
        copyreg.remove_extension("os", "system", 240)


def test_a_persistent_id_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="persistent"):
        load(b"\x80\x02X\x01\x00\x00\x00aQ.")


@pytest.mark.parametrize(
    "word",
    [
        "numpy.core.multiarray\nscalar",
        "numpy.core.numeric\n_frombuffer",
        "_codecs\nencode",
        "collections\ndefaultdict",
    ],
)
def test_a_pickle_cannot_alter_the_reader_for_the_next_one(word: str) -> None:
    # The state (None, {"__init__": 0}) makes pickle's machine call setattr on the class itself.
    state = pickle.dumps((None, {"__init__": 0}), protocol=4)[11:-1]
    with pytest.raises(RefusedPickleError, match=r"^alters \w+$"):
        load(b"\x80\x04c" + word.encode() + b"\n" + state + b"b.")


def crafted_dtype(code: str, state: tuple[Any, ...]) -> Reduced:
    return Reduced(np.dtype, (code, False, True), state)


def predictions_with(dtype: Reduced, size: int) -> bytes:
    """A metrics pickle whose probabilities claim a dtype that is not what it says."""
    from numpy._core.numeric import _frombuffer

    array = Reduced(_frombuffer, (bytes(size), dtype, (1,), "C"))
    keys = ("metrics_stats", "subjectwise_stats", "subject_global_stats")
    arrays = {"arrays": {"predictions": {"y_pred_proba": array, "label": array}}}
    return pickle.dumps({"metrics_iter": {"test": {"preds": arrays}}, **dict.fromkeys(keys)}, protocol=4)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("O8", (3, "|", None, None, None, -1, -1, 0)),  # an object whose flags say that it is none
        ("V8", (3, "|", None, ("a",), {"a": (np.dtype("O"), 0)}, 8, 1, 0)),  # an object hidden in a structure
    ],
)
def test_a_crafted_dtype_that_crashes_numpy_is_refused(code: str, state: tuple[Any, ...]) -> None:
    found = answer("metrics.pickle", predictions_with(crafted_dtype(code, state), 8))
    assert found["stage"] == "validate"
    assert found["field"] == "metrics_iter.test.preds.arrays.predictions.y_pred_proba"
    assert "array" in found["reason"]


def test_crafted_sizes_and_flags_in_a_dtypes_state_are_not_believed() -> None:
    state = (3, "<", None, None, None, 800, 4, 63)
    found: Any = load(
        pickle.dumps(
            Reduced(np._core.numeric._frombuffer, (bytes(16), crafted_dtype("U2", state), (2,), "C"))
        )
    )
    assert as_array(found).tolist() == ["", ""]


@pytest.mark.parametrize("shape", [(3,), (-1,), (True, 2), (2.0,), [2], None, (2, 2)])
def test_an_array_whose_bytes_do_not_fill_its_shape_is_refused(shape: Any) -> None:
    array: Any = load(
        pickle.dumps(Reduced(np._core.numeric._frombuffer, (bytes(16), np.dtype("f8"), shape, "C")))
    )
    with pytest.raises(RefusedPickleError):
        as_array(array)


plain_arrays = hnp.arrays(
    dtype=st.sampled_from(["<f8", ">f8", "f4", "i8", ">i2", "u1", "?", "<U5", ">U3", "S4"]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


@given(plain_arrays, st.integers(2, 5), st.sampled_from(["as it is", "Fortran", "transposed", "strided"]))
def test_a_plain_array_is_read_as_numpy_reads_it(array: Any, protocol: int, order: str) -> None:
    if order == "Fortran":
        array = np.asfortranarray(array)
    elif order == "transposed":
        array = array.transpose(tuple(range(array.ndim))[::-1])
    elif order == "strided" and array.ndim:
        array = array[::2]
    found = as_array(load(pickle.dumps(array, protocol)))
    assert found.dtype == array.dtype
    assert found.tobytes() == array.tobytes()
    assert found.shape == array.shape


@given(st.integers(2, 5))
def test_texts_as_objects_and_plain_lists_are_read(protocol: int) -> None:
    values: Any = load(
        pickle.dumps([np.array(["a", "b"], object), ["c", np.str_("d"), np.int64(3)]], protocol)
    )
    assert [as_array(value).tolist() for value in values] == [["a", "b"], ["c", "d", 3]]


def test_objects_within_an_array_of_objects_are_refused() -> None:
    nested: Any = load(pickle.dumps(np.array([{"a": 1}], object)))
    with pytest.raises(RefusedPickleError, match="holds a dict of 1 where a plain value belongs"):
        as_array(nested)


@pytest.mark.parametrize(
    "array", [np.array([1 + 2j]), np.array(["2020"], "M8[ns]"), np.zeros(2, [("a", "i4"), ("b", "f8")])]
)
def test_types_that_no_prediction_has_are_refused(array: Any) -> None:
    value: Any = load(pickle.dumps(array))
    with pytest.raises(RefusedPickleError, match="other than number, text or object"):
        as_array(value)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_containers_and_dates_are_read_as_they_are(protocol: int) -> None:
    value = {
        "list": [1, 2.5, None, True, "ä", b"\xff"],
        "tuple": (1, (2,)),
        "sets": [{1}, frozenset({2})],
        "others": [1j, range(3), slice(1, 2), bytearray(b"x"), collections.OrderedDict(a=1)],
        "dates": [datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC), datetime.timedelta(1)],
        "default": collections.defaultdict(list, {"a": [1]}),
    }
    assert load(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pandas_objects_are_set_aside_and_do_not_hinder_the_rest(protocol: int) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "s": ["a", "b"], "c": pd.Categorical(["u", "v"])})
    value: Any = load(pickle.dumps({"frame": frame, "rest": [1, 2]}, protocol))
    assert value["rest"] == [1, 2]
    assert described(value["frame"]) == "an object of pandas or numpy that is not read"
    with pytest.raises(RefusedPickleError, match="an object of pandas"):
        as_array(value["frame"])


def test_an_announced_size_beyond_the_data_is_refused() -> None:
    huge_text = b"\x80\x05\x8d" + struct.pack("<Q", 2**40) + b"abc"
    assert answer("metrics.pickle", huge_text)["stage"] == "unpickle"
