"""Measures syncs of trees: xnet against the installed execnet and the program rsync."""
