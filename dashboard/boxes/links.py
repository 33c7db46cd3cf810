"""Links in tables lead on within the open dashboard, as its own buttons do, instead of loading it anew."""

import streamlit as st

JS = """
const go = (event) => {  // so back, refresh and bookmarks keep the address
  const anchor = event.target.closest("a.here");
  if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState({}, "", anchor.href);
  dispatchEvent(new PopStateEvent("popstate"));
};
export default function () {
  if (document.body.dataset.linksLeadOn) return;  // pages come and go, the document stays
  document.body.dataset.linksLeadOn = "yes";
  document.addEventListener("click", go);
}
"""
_listening = st.components.v2.component("links", html="<span></span>", js=JS, isolate_styles=False)


def links_lead_on() -> None:
    """Once on a page: a press on a link of class `here` changes the address, and what is drawn."""
    _listening(key="links")
