"""Loss networks and losses."""
