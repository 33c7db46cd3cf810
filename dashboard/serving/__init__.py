"""How the pages are served, and to whom."""
