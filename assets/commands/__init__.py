"""What the `assets` commands do, one module for each group of commands; loaded by the command that is run."""
