"""The Faust agents: decode the bell, hand over, acknowledge."""
