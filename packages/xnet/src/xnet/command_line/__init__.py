"""The commands of ``xnet``, a module for each; ``app`` picks one.

Never imported by ``import xnet`` nor in workers: its libraries are for people at terminals.
"""
