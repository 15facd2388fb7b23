"""Jobs as text for a launcher: SLURM, Kubernetes or docker. Each module renders a request and starts no job itself."""
