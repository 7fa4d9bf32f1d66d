"""Ways to get a byte stream to an interpreter, one module each."""
