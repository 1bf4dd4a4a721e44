"""A hospital: a rare class that must not be missed.  A table, a threshold, a gate.

    python examples/hospital.py

Cells begin with `# %%`, as editors and Jupyter know them.  Some seconds on a laptop.
"""

# %% The data: real tumours, thinned out so that the malignant ones are rare
import pandas
from sklearn.datasets import load_breast_cancer

import stoker

tumours = load_breast_cancer(as_frame=True).frame
tumours["diagnosis"] = tumours.pop("target").map({0: "malignant", 1: "benign"})
is_rare = tumours.diagnosis == "malignant"
patients = pandas.concat([tumours[~is_rare], tumours[is_rare][::3]]).sample(frac=1, random_state=0)
print(patients.diagnosis.value_counts())

# %% The threshold is chosen so that nine of ten malignant ones are found, on rows that the model
# was not fitted to; a model that ranks badly is refused and never registered
result = stoker.run(
    patients,
    target={"diagnosis": {"classify": {"positive": "malignant"}}},
    name="tumours",
    train={"preset": "fast"},
    evaluate={"decision": {"recall": 0.9}, "gates": {"roc_auc": ">= 0.9"}},
)
print(result)

# %% What counts here is not accuracy: what is found, and how many alarms are false
for name in ("recall", "precision", "pr_auc", "accuracy"):
    score = result.metrics[name]
    print(f"{name:10} {score['value']:.3f}  {score['low']:.3f} to {score['high']:.3f}")

# %% The threshold travels in the bundle, so whoever loads or serves it decides alike
model = stoker.load(result.bundle)
print(model.decision)
answers = model.predict(patients).to_pandas()
answers["truth"] = patients.diagnosis.to_numpy()
print(answers.groupby(["truth", "prediction"]).size())
