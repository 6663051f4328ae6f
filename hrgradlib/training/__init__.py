"""Methods of training behind one interface, variants that were tried, and the loop."""
