"""Settings as what other tools take. Each first makes plain keywords, and then, if the tool is there, its object."""
