"""What brings back what was lost or stuck: the sweep, suspects, replay."""
