"""What people see: three pages that read the views and nothing else."""
