"""The figure of the flows, tasks and commands themselves."""
