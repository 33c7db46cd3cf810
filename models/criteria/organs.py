"""Our words for organs: sides, lobes and segments are their organ, all bones one, as targets are counted by organ."""

ORGANS = frozenset(
    {
        "adrenal gland",
        "bladder",
        "bone",
        "brain",
        "breast",
        "colon",
        "esophagus",
        "kidney",
        "liver",
        "lung",
        "ovary",
        "pancreas",
        "prostate",
        "rectum",
        "skin",
        "spleen",
        "stomach",
        "thyroid",
        "uterus",
    }
)
