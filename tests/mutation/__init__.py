"""Small changes of our own code, at limits, conditions and constants: does a test notice each of them?"""
