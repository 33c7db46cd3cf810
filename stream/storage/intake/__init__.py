"""What arrives and how far it has come: files, instances, scans, measurements, and what waits or was set aside."""
