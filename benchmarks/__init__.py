"""What `make bench` and its like run: measurements, never tests."""
