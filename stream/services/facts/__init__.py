"""Facts about patients: treatments, clinical facts, outcomes, visits, rejections, identity events."""
