"""What becomes of a received file, and of what was set aside."""
