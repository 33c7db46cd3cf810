"""What commands and pages ask of the views, as any other client could."""
