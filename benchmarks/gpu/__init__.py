"""What a GPU does for the step: `make gpu` measures it where there is one and writes docs/benchmarks-gpu.md."""
