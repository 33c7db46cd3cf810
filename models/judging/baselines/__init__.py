"""Simple models that ours stands beside, a module per family, all fitted on rows that were seen before the forecast.

Those whose `fit` gives a dict of arrays are pure functions of a visit's inputs, so that they can be stored without
pickle, stepped in the service and lead; the others (growth curves, forest) are for comparison.
"""
