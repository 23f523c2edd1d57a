"""Files that speak of the whole study: the report, numbers and tables for a manuscript, the sheet of all figures."""
