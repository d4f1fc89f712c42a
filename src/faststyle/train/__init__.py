"""Train a style: python -m train. Imports every room except infer and convert."""
