"""Whatever a method is called, LaTeX prints that name and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tex_reader import printed

from assets.latex.texts import breakable, comment, escaped, named

NASTY = 'z_score-2 & 5% #1 {a} $x$ ~^ \\end{x} <b> | "q" `c\' --- −1'


@given(st.text(alphabet=st.characters(codec="utf-8")) | st.text(alphabet="\\{}$&#%_~^<>|\"`'- aZ0\n"))
def test_a_text_is_printed_as_it_is_on_one_line(text: str) -> None:
    line = re.sub(" +", " ", "".join(c if c.isprintable() or c == "\u00a0" else " " for c in text)).strip(" ")
    assert printed(escaped(text)) == line
    assert "\n" not in comment(text) and "\r" not in comment(text)


@given(st.lists(st.sampled_from(["Random", "Forest", "_", "-", "kNN", "2", ".", "/", "x", "&"])).map("".join))
def test_places_to_break_a_line_print_nothing(text: str) -> None:
    assert printed(breakable(text)) == printed(escaped(text))


def test_a_name_breaks_between_its_words_only() -> None:
    assert breakable("GradientBoosting") == r"Gradient\allowbreak{}Boosting"
    assert breakable("LOF_mean") == r"LOF\_\allowbreak{}mean"
    assert breakable("kNN 2.5") == "kNN 2.5"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("GradientBoosting", "GradientBoosting"),
        ("k-NN, 5", "KNNFive"),
        ("net_benefit", "NetBenefit"),
        ("z-score-2.5", "ZScoreTwoFive"),
        ("naïve Bayes", "NaiveBayes"),
        ("21", "TwentyOne"),
        ("40", "Forty"),
        ("07", "ZeroSeven"),
        ("2025", "TwoZeroTwoFive"),
        ("随机森林", "Other"),
    ],
)
def test_a_macro_is_named_in_letters_alone(text: str, name: str) -> None:
    assert named(text) == name


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_macros_name_has_letters_alone_whatever_the_text(text: str) -> None:
    assert re.fullmatch("[A-Za-z]+", named(text))


def test_the_reader_of_these_tests_refuses_what_tex_would_take_for_something_else() -> None:
    for stray in ("50%", "a_b", "{", "$x$", "a~b&c", "\\foo", "^", "#"):
        with pytest.raises((ValueError, KeyError)):
            printed(stray)
