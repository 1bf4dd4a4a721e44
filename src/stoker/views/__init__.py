"""What the stages wrote, read by those behind them: typed views of artifacts."""
