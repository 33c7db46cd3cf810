"""What people see: pages that read the views and nothing else."""
