"""What exists: the tables and figures of a study, declared as assets."""
