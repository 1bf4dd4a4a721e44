"""The torch modules that network steps build, one file a step; importing a step loads none of them.

So `stoker check` reads a recipe that names a model, and tells its time, without importing torch.
"""
