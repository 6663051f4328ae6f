"""Data and residuals, one file per family of equations. Knows no network, no optimizer."""
