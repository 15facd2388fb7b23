"""Job specs that people wrote: what they set, read without running them."""
