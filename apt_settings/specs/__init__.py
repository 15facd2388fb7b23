"""Job specs that people write: scripts, manifests, `.env` files. They are read and checked, but never run."""
