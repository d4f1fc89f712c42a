"""Content photos as batches for training. Imports: errors, images."""
