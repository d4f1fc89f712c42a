"""Content photos for training, in batches.

May import: errors, images.
"""
