"""Whole commands, the README, the wheel, and real data."""
