"""What the page Pipeline says: which processes run, how fast, and how much room is left."""
