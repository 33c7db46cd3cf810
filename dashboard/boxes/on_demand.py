"""What few look up stands in closed boxes: it is made once somebody opens one, and all others wait less."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboard.html_table import html_table


def on_demand(title: str, key: str, show: Callable[[], object]) -> None:
    """A closed box, and `show()` in it as long as it is open."""
    box = st.expander(title, key=f"{key}-box", on_change="rerun")
    if box.open:
        with box:
            show()


def told_table(title: str, key: str, rows: Callable[[], pd.DataFrame]) -> None:
    """A small table in a closed box, as text that wraps."""
    on_demand(title, key, lambda: st.html(html_table(rows(), title)))


def closed_table(title: str, key: str, rows: Callable[[], pd.DataFrame]) -> None:
    """A table in a closed box: of a large cohort it is as heavy as its figure."""
    on_demand(title, key, lambda: st.dataframe(rows(), hide_index=True, key=key, placeholder=""))
