"""Figures of how far predictions depend on the training set, and of what their uncertainty is worth."""
