"""Measure a style checkpoint: python -m faststyle.evaluate. Imports: errors, malloc, devices,
files, networks, images, losses, config, rendering, optimize.
"""
