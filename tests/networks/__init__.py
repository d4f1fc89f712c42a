"""The transform network and its convolutions."""
