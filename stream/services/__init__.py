"""What happens to a scan: pure decisions and the routines around them."""
