"""One ring: four coroutines joined by three channels."""
