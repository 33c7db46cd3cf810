"""The dashboard: what stands on every page, and the way between them. Started by `dashboard.__main__`."""

import streamlit as st

from dashboard import style, wording

st.set_page_config(page_icon=style.ICON, layout="wide", initial_sidebar_state="collapsed")
st.html(style.CSS)
st.logo(style.LOGO, size="large")
page = st.navigation(
    [
        st.Page("views/worklist.py", title="Worklist", icon=":material/format_list_bulleted:", default=True),
        st.Page("views/patient.py", title="Patient", icon=":material/timeline:", url_path="patient"),
        st.Page("views/cohort.py", title="Cohort", icon=":material/groups:", url_path="cohort"),
        st.Page("views/pipeline.py", title="Pipeline", icon=":material/conversion_path:", url_path="pipeline"),
        st.Page("views/models.py", title="Models", icon=":material/model_training:", url_path="models"),
    ],
    position="top",
)
named = st.query_params.get("patient", "").strip().upper() if page.url_path == "patient" else ""
st.set_page_config(f"{named or page.title} · ScanStream")
st.container(key="research").markdown(wording.RESEARCH_USE)
page.run()
