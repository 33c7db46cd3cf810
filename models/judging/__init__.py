"""How good weights are: scores beside baseline models, curves, sizes, subgroups and what a card reports."""
