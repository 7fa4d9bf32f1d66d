"""One module per case. Each has `run(implementation, quick)`, which returns its figures by name of measure."""
