"""Stages of a run, one file each; see `stoker.dag.stage` for what a stage is."""
