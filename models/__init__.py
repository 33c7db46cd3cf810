"""The networks and what they need: days, millimetres and tensors; no DICOM, Kafka or SQL."""
