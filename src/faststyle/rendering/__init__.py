"""Applying a style to a picture of any size.

May import: errors, devices, networks, images, checkpoints.
"""
