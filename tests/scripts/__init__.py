"""The scripts of the checkout."""
