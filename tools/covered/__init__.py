"""Which lines and branches the tests of an area execute, against the figures that are not to get less."""
