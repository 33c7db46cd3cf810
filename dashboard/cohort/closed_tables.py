"""Tables of a cohort that stand below a figure: their rows travel once somebody opens them."""

from collections.abc import Callable

import pandas as pd
import streamlit as st


def closed_table(title: str, key: str, rows: Callable[[], pd.DataFrame]) -> None:
    """A table that is made when it is opened: of a large cohort it is as heavy as its figure."""
    box = st.expander(title, key=f"{key}-box", on_change="rerun")
    if box.open:
        box.dataframe(rows(), hide_index=True, key=key, placeholder="")
