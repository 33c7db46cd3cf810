"""`python -m dashboard --host 127.0.0.1`: the process of the dashboard, which becomes Streamlit's.

`scanstream dashboard` starts it by this name, with complete settings in its environment and a port that is free.
"""

import argparse
import os
import sys

from dashboard.launch import arguments
from stream.settings import load_settings

parser = argparse.ArgumentParser(prog="dashboard")
parser.add_argument("--host", required=True, help="Address to listen on.")
os.execv(sys.executable, [sys.executable, *arguments(load_settings(), parser.parse_args().host)])
