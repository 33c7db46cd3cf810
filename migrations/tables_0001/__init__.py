"""The tables as version 0001 made them; later versions change them, these files stay as they are."""
