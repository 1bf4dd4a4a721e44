"""A shop: what will a customer spend?  A table, and a number to predict.

    python examples/shop.py

Cells begin with `# %%`, as editors and Jupyter know them.  Some seconds on a laptop.
"""

# %% The data: real customers of a shop for music; those who buy like dealers are another question
import subprocess

import pandas

import stoker

subprocess.run(["stoker", "init", "example", "shop"], check=True, capture_output=True)
customers = pandas.read_csv("shop/customers.csv", parse_dates=["first_order"])
columns = ["first_order", "first_weekday", "orders", "discs", "spent"]
baskets = customers.loc[customers.spent < 1000, columns]
print(baskets.head())

# %% A model of what their baskets are worth
result = stoker.run(
    baskets,
    target={"spent": "regress"},
    name="baskets",
    train={"preset": "fast"},
    on_event=lambda event: event.kind == "warning" and print("warning:", event.text),
)
print(result)

# %% Is it better than guessing?  Each score beside its interval, and what the mean alone would get
for name, score in result.metrics.items():
    print(f"{name:5} {score['value']:.3f}  {score['low']:.3f} to {score['high']:.3f}")
    print(f"      {score['constant']:.3f}  by the mean")

# %% Answers, each with an interval that holds nine of ten
model = stoker.load(result.bundle)
new = [
    {"first_order": "1997-02-01", "first_weekday": "Saturday", "orders": 1, "discs": 2},
    {"first_order": "1997-02-03", "first_weekday": "Monday", "orders": 6, "discs": 15},
]
print(model.predict(new, intervals=True).to_pandas())
