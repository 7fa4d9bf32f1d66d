"""What ``python -m xnet`` can do, a module for each command; ``xnet.__main__`` picks one."""
