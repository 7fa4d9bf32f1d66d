"""Traffic for minutes, with closes, deaths and interrupts at random; and many starts and ends."""
