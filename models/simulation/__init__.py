"""A simulated cohort: how patients fare, how they die and what images show of their lesions."""
