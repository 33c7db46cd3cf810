"""`python -m stream.local.embedded`: fetch Kafka ahead of the first start."""

import sys

from stream.errors import CannotStart
from stream.local.embedded.kafka import fetch_jars

try:
    print(f"Kafka is there: {len(fetch_jars())} jars with their locked sha256.")
except CannotStart as error:
    sys.exit(f"scanstream: {error}")
