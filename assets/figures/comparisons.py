"""Figures that compare methods: what the choice of each changes, and how sure that is."""
