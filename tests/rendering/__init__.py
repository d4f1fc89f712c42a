"""Stylizing pictures of any size."""
