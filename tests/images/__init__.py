"""Pictures in files and as tensors."""
