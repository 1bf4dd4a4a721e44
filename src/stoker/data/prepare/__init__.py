"""Prepare: fitted features turn rows into memory-mapped tensors that training reads."""
