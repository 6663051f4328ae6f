"""What one chapter alone needs: ``chNN_<subject>`` computes, ``chNN_figures`` draws."""
