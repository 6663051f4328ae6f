"""The judges: solutions by other means than training, each with its measured error."""
