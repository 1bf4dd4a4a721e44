"""The bundle: what leaves the factory, and the one way from raw rows to answers.

Reading a bundle imports numpy, pyarrow and onnxruntime; never torch.
"""
