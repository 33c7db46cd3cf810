"""What the page of models says: forecasts beside what followed, inputs beside those of training, cards."""
