"""Training a style: `python -m train`.

May import: every room except infer and convert.
"""
