"""The command evaluate and its measures."""
