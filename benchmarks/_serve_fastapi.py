"""The endpoint most people write first: FastAPI and torch, one picture a call.

python _serve_fastapi.py FOLDER PORT THREADS
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import torch
import uvicorn
from fastapi import FastAPI, Request
from PIL import Image
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).parent))
from _serve_net import CLASSES, Net

folder, port, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if threads:
    torch.set_num_threads(threads)
net = Net().eval()
net.load_state_dict(load_file(folder / "net.safetensors"))
app = FastAPI()


@app.get("/healthz")
async def healthz() -> dict[str, bool]:
    """Whether it lives."""
    return {"live": True}


@app.post("/predict")
async def predict(request: Request) -> dict[str, object]:
    """One picture, one answer."""
    image = Image.open(io.BytesIO(await request.body())).convert("L")
    tensor = torch.from_numpy(np.array(image)).float().div(255)[None, None]
    with torch.inference_mode():
        share = net(tensor).softmax(dim=1)[0].tolist()
    best = max(range(len(share)), key=share.__getitem__)
    return {
        "prediction": CLASSES[best],
        "confidence": share[best],
        "probabilities": dict(zip(CLASSES, share, strict=True)),
    }


uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")
