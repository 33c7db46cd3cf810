"""`python -m stream.embedded`: fetch Kafka ahead of the first start."""

import sys

from stream.embedded.kafka import fetch_jars
from stream.errors import CannotStart

try:
    print(f"Kafka is there: {len(fetch_jars())} jars with their locked sha256.")
except CannotStart as error:
    sys.exit(f"scanstream: {error}")
