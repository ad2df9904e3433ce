"""Option pricing models behind one protocol: QuantLib's binomial tree, a compiled lattice, the closed form."""
