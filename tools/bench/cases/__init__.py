"""One module per case. Each has `run(implementation, quick)`, which returns figures by name of measure."""
