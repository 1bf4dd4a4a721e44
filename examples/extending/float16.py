"""Weights of 16 bits, turned back into 32 when the graph is loaded: half the file."""

from stoker.bundle.read import open_bundle
from stoker.bundle.write import write_bundle
from stoker.compress import Compressor


class Float16(Compressor):
    """Half the digits of every weight."""

    def compress(self, bundle, out, material):
        """The same graph behind casts."""
        import numpy as np
        import onnx
        from onnx import helper, numpy_helper

        source = open_bundle(bundle)
        model = onnx.load_from_string(source.graph)
        weights = {}
        for tensor in model.graph.initializer:
            value = numpy_helper.to_array(tensor)
            if value.dtype == np.float32:
                name, short = tensor.name, value.clip(-65504, 65504).astype(np.float16)
                tensor.CopyFrom(numpy_helper.from_array(short, f"{name}_16"))
                cast = helper.make_node("Cast", [f"{name}_16"], [name], to=onnx.TensorProto.FLOAT)
                model.graph.node.insert(0, cast)
            weights[tensor.name] = numpy_helper.to_array(tensor)
        write_bundle(
            out,
            name=source.name,
            interface=source.interface,
            graph=model.SerializeToString(deterministic=True),
            weights=weights,
            model={**source.model, "compressed": {"float16": {}}},
            decision=source.decision,
        )
