"""Tables that people keep (CSV), read once for training, evaluation and import alike."""
