"""Style checkpoints: reading, writing, finding, refusing."""
