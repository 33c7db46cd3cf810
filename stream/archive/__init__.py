"""Files that must last: originals by their sha256, weights in service, and writing that survives a power cut."""
