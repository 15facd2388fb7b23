"""Settings in the form that other tools take: keywords for a tool, its objects, or its command line."""
