"""Tests of faststyle.explore."""
