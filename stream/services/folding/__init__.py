"""The one routine: standing states and forecasts are brought into line with the facts."""
