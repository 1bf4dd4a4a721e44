"""What `scripts/gpu.py` packs, and what it measures on the machine that the pack was taken to."""
