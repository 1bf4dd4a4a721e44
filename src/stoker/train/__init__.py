"""Training: one readable loop, its optimisers, schedules, augmentations and exact checkpoints."""
