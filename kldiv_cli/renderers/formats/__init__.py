"""How a report is written: one file a format, those for programs from the report itself."""
