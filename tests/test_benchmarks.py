"""Benchmarks take minutes and run apart from the tests: these say that they still find what they measure."""

import importlib
from pathlib import Path

import pytest
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

import benchmarks
from benchmarks.viewers import trouble
from dashboard import wording

NAMES = sorted(path.stem for path in Path(benchmarks.__file__).parent.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_finds_what_it_measures(name: str) -> None:
    assert importlib.import_module(f"benchmarks.{name}").__doc__


def test_a_page_that_shows_an_error_is_not_measured() -> None:
    failed, away, usual = ForwardMsg(), ForwardMsg(), ForwardMsg()
    failed.delta.new_element.exception.type = "KeyError"
    away.delta.new_element.alert.MergeFrom(Alert(body=wording.AWAY, format=Alert.ERROR))
    usual.delta.new_element.alert.MergeFrom(Alert(body="The last check found something.", format=Alert.ERROR))
    assert trouble(failed) == "A page failed: KeyError"
    assert trouble(away) == f"A page says: {wording.AWAY}"
    assert trouble(usual) is None and trouble(ForwardMsg()) is None
