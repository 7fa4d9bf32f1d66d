"""``execnet.script``: its programs come in a later version, as commands of xnet."""
