"""Criteria of response: what lesions and visits are, how a criterion judges them; days and millimetres, no weights."""
