"""Jobs: what a launcher is handed, as text. Each renders a request; none starts anything by itself."""
