"""Reports on settings: the catalog of all settings, the tables that commands print, and the diff of two jobs."""
