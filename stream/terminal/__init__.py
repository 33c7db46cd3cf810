"""What commands print: tables, JSON and progress."""
