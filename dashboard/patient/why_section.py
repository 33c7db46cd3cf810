"""The section of a patient's page that says why a risk moved, and what other arms would say."""

import streamlit as st

from dashboard import charts, ranking, wording
from dashboard.boxes.on_demand import on_demand
from dashboard.html_table import html_table
from dashboard.patient import sections, why
from dashboard.patient.case import PatientCase
from dashboard.patient.verdicts import unbroken, written

OTHER_ARMS = (
    "An association in the training data and not an effect of treatment: patients in other arms differed in more than "
    "the treatment. It says nothing about what this patient should be given."
)
ALL_BY_ONE = " The section above tells of both scans what the weights say that lead now."


def why_it_moved(case: PatientCase) -> None:
    """What is said of the forecasts that stand, once it is worked out."""
    if case.current.empty:
        return
    st.subheader("Why did it move?", anchor=False)
    for sentence in why.failures(case.explained):
        st.warning(sentence, icon=":material/error:")
    answer = why.answer(case.explained)
    if answer is None:
        st.caption(
            "This is being worked out, and stands here by itself as soon as it is. "
            "While many scans come in, these go first."
        )
        return
    if not answer:
        return
    _moved(answer, case)
    for flag in why.flags(answer):
        st.warning(flag, icon=":material/warning:")
    st.container(key="note-why").text("\n".join(why.remarks(answer)))
    with st.expander("What if the patient were in another arm?"):
        st.warning(OTHER_ARMS, icon=":material/warning:")
        _arms(answer)


def _moved(answer: why.Answer, case: PatientCase) -> None:
    moved = why.moved(answer)
    known = [kind for kind in ranking.known_kinds(case.current) if kind in moved]
    if not known:
        return
    titles = {wording.forecast(*kind): kind for kind in sorted(known, key=ranking.by_horizon)}
    chosen = sections.choose("Explained", list(titles), wording.forecast(*known[0]), "why-kind")
    change = moved[titles[chosen]]
    before, now = (written(case.day(change[name])) for name in ("before_at", "acquired_at"))
    led = f"by weights {change['other_weights']}, which led then, " if change["other_weights"] else ""
    said = (
        f"It was {wording.percent(change['before'])} after the scan of {before}, {led}"
        f"and is {wording.percent(change['risk'])} after that of {now}. Together the parts make the difference."
        f"{ALL_BY_ONE if led else ''}"
    )
    st.container(key="note-moved").text(unbroken(said))
    frame, title = why.parts(titles[chosen][0], change), "Parts of the change, in points"
    told = f"{chosen}: {title}"
    charts.parts(frame, title).show("parts", told)
    on_demand("The parts as a table", "parts", lambda: st.html(html_table(why.table(frame), told)))


def _arms(answer: why.Answer) -> None:
    for of in answer:
        frame = why.arms(of)
        if frame.empty:
            name = wording.endpoint(of["endpoint"])
            st.caption(f"{name}: this model does not see treatments, there is nothing by arm.")
            continue
        st.caption(f"By arm: {of['arms']['says']}.")
        st.dataframe(frame, hide_index=True, key=f"arms-{of['endpoint']}")
