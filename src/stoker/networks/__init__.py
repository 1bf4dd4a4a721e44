"""Networks: the torch modules that models build, one file an architecture.

They know sizes and features, and no step of a recipe: `stoker check` reads a recipe that names a
model, and tells its time, without importing torch.
"""
