"""Stages of a run, one file each; see `stoker.pipeline.stage` for what a stage is."""
