"""Facts from the paper, the design and the official release; nothing here depends on the settings of a job."""
