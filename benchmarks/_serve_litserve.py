"""The same ONNX graph behind LitServe with its batching, one worker and one API process.

Pictures come as base64 in JSON and batches wait for 10 ms: of what was tried (a form with a file;
0, 1, 10 and 30 ms; its fast queue) this took the least CPU time a request.

python _serve_litserve.py FOLDER PORT
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import litserve
import numpy as np
import onnxruntime
from PIL import Image

folder, port = Path(sys.argv[1]), int(sys.argv[2])
CLASSES = tuple("0123456789")


class Digits(litserve.LitAPI):
    """Decode, batch, run, answer, as LitServe's guide has it."""

    def setup(self, device: str) -> None:
        """Load the graph with one thread."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", options)

    def decode_request(self, request):
        """The picture of the field `image`."""
        data = base64.b64decode(request["image"])
        return np.array(Image.open(io.BytesIO(data)).convert("L"))[None]

    def batch(self, inputs):
        """Pictures as one array."""
        return np.stack(inputs)

    def predict(self, x):
        """Shares of all classes."""
        logits = self.session.run(None, {"column:image": x})[0]
        power = np.exp(logits - logits.max(axis=1, keepdims=True))
        return power / power.sum(axis=1, keepdims=True)

    def unbatch(self, output):
        """One row a request."""
        return list(output)

    def encode_response(self, output):
        """The answer."""
        share = output.tolist()
        best = max(range(len(share)), key=share.__getitem__)
        return {
            "prediction": CLASSES[best],
            "confidence": share[best],
            "probabilities": dict(zip(CLASSES, share, strict=True)),
        }


if __name__ == "__main__":
    api = Digits(max_batch_size=32, batch_timeout=0.01)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=30)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")
