"""The demonstration: a simulated cohort through the whole service, and the check that every scan got its forecast."""

import csv
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.simulate import Patient
from stream.dicom.cohort import Study, cohort, mrn, write_study
from stream.dicom.identity import Pseudonyms
from stream.dicom.sender import send
from stream.errors import AnswerIsNo
from stream.progress import progress
from stream.services.sweep import UNSEEN
from stream.settings import Settings
from stream.storage.database import Connection, connect
from stream.storage.views import counts
from stream.wiring.importing import import_folder
from stream.wiring.pseudonyms import pseudonyms

CALLING_AE = "DEMO_PACS"
ISSUER = "DEMO"
SETTLE_SECONDS = 240
"""A minute is plenty on two cores; who waits longer than this wants to be told."""
QUESTION = (
    "SELECT patient_id, risk, risk_low, risk_high FROM scanstream.current_risk "
    "WHERE endpoint = 'progression' AND horizon_days = 180 ORDER BY risk DESC LIMIT 10;"
)
"""The question of the first day (INTERFACES 5)."""
