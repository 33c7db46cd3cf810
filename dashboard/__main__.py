"""`python -m dashboard --host 127.0.0.1`: the process of the dashboard.

`scanstream dashboard` starts it by this name, with complete settings in its environment and a port that is free.
"""

import argparse

from dashboard.serving.launch import serve
from stream import logs
from stream.settings import load_settings

parser = argparse.ArgumentParser(prog="dashboard")
parser.add_argument("--host", required=True, help="Address to listen on.")
host = parser.parse_args().host
logs.setup("dashboard")
serve(load_settings(), host)
