"""Stylize photos from the command line: python -m infer. Imports: errors, malloc, images,
checkpoints, rendering.
"""
