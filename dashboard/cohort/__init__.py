"""What the page of a cohort says: survival, rates, figures and tables of the lines of therapy it holds."""
