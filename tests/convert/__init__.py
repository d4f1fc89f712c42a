"""Networks of other projects."""
