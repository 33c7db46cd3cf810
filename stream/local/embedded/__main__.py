"""`python -m stream.local.embedded`: fetch Kafka ahead of the first start, and let Java learn its classes."""

import sys

from stream.errors import CannotStart
from stream.local.embedded.class_cache import ensure_class_cache
from stream.local.embedded.kafka import fetch_jars

try:
    jars = fetch_jars()
except CannotStart as error:
    sys.exit(f"scanstream: {error}")
print(f"Kafka is there: {len(jars)} jars with their locked sha256.")
try:
    print(f"Java knows Kafka's classes: {ensure_class_cache(jars)}.")
except CannotStart as error:
    print(f"Kafka will start slowly: {error}")
