"""From a complete scan to the features that models see, once or again."""
