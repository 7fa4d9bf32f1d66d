"""What the system gives: descriptors, threads, locks, clocks, interrupts, greenlets. No word of channels."""
