"""A laboratory: pictures in folders, a small network, and the pictures to look at again.

    python examples/laboratory.py

Cells begin with `# %%`, as editors and Jupyter know them.  Half a minute on a laptop.
"""

# %% The data: 600 real handwritten digits, a folder for each class
import subprocess
from pathlib import Path

import stoker

subprocess.run(["stoker", "init", "example", "laboratory"], check=True, capture_output=True)
pictures = sorted(Path("laboratory/photos").glob("*/*.png"))
print(len(pictures), "pictures in", len({path.parent for path in pictures}), "folders")

# %% A recipe as a value: the same keys as in a file
result = stoker.run(
    {
        "version": 1,
        "name": "digits",
        "data": {
            "sources": [{"images": {"path": "laboratory/photos"}}],
            "clean": ["unreadable_media", "exact_duplicates"],
            "split": {"test": 0.2, "validation": 0.2, "stratify": "label"},
        },
        "inputs": {"image": "image"},
        "target": {"label": "classify"},
        "model": {"cnn": {"width": 16}},
        "train": {"preset": "fast", "epochs": 12},
    }
)
print(result)

# %% Was it made smaller?  Only if the answers stayed good, and not slower
bundle = stoker.load(result.bundle)
print(bundle.info["size_bytes"], "bytes;", bundle.info["model"].get("compressed", "as trained"))

# %% The pictures of which it is least sure
rows = [{"image": path.read_bytes()} for path in pictures]
answers = bundle.predict(rows).to_pandas()
answers["picture"] = [str(path) for path in pictures]
sure = answers.filter(like="probability").max(axis=1)
print(answers.assign(sure=sure).sort_values("sure")[["picture", "prediction", "sure"]].head())
