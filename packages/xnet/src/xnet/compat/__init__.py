"""execnet's submodules: its private names that programs are known to use, and where they are here."""
