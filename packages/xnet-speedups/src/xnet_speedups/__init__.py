"""The compiled parts of xnet. Nobody has to have them; who has them need not do anything.

``xnet_wire.speedups`` finds them and says whether they are used.
"""

from xnet_speedups._values import Decoder, Encoder

__all__ = ["Decoder", "Encoder"]
