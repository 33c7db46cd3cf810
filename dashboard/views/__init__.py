"""The pages: each file is run by Streamlit when its page is shown."""
