"""The virtual radio: two Bluetooth hosts and the space between them enter; HCI as a real controller says it leaves.

``physics`` and ``link_layer`` are pure; ``air`` moves what Bumble sends through them, ``controller`` mends what
Bumble's lacks, ``host`` is a device, ``central`` speaks bleak's interface on one, ``trace`` writes its HCI as btsnoop.
"""
