"""Make the files of `stoker init example` from their sources.

    python scripts/make_example.py CDNOW_sample.txt

Customers: the CDNOW sample, every order that 2,357 customers of a shop for music placed between
January 1997 and June 1998, as the package `lifetimes` 0.11.3 (MIT) ships it under
`lifetimes/datasets/`.  What a customer did in the first 39 weeks stands in the columns, and whether
any order followed in the 39 weeks after is the target.  Source: P. Fader and B. Hardie,
"Forecasting Repeat Sales at CDNOW", Interfaces 31(3), 2001, http://brucehardie.com/datasets/

Digits: the first 600 pictures of the UCI Optical Recognition of Handwritten Digits (CC BY 4.0), as
scikit-learn ships them.  Source: E. Alpaydin and C. Kaynak, https://doi.org/10.24432/C50P49
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

FOLDER = Path(__file__).parent.parent / "src" / "stoker" / "cli" / "templates"
SEEN_UNTIL = date(1997, 9, 30)
PICTURES, IN_A_ROW, SIDE = 600, 30, 8


@dataclass(frozen=True)
class Order:
    """One order of one customer."""

    day: date
    discs: int
    dollars: float


def main() -> None:
    """Write both."""
    write_customers(read_orders(Path(sys.argv[1])), FOLDER / "customers.csv")
    write_digits(FOLDER)


def read_orders(path: Path) -> dict[str, list[Order]]:
    """The orders of each customer, the oldest first."""
    orders: dict[str, list[Order]] = defaultdict(list)
    for line in path.read_text(encoding="ascii").splitlines():
        customer, _, day, discs, dollars = line.split()
        moment = datetime.strptime(day, "%Y%m%d").date()
        orders[customer].append(Order(moment, int(discs), float(dollars)))
    return {
        customer: sorted(all_of, key=lambda one: one.day) for customer, all_of in orders.items()
    }


def write_customers(orders: dict[str, list[Order]], path: Path) -> None:
    """One row a customer."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        rows = [row_of(customer, all_of) for customer, all_of in sorted(orders.items())]
        writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)


def row_of(customer: str, orders: list[Order]) -> dict[str, object]:
    """What was known of a customer in September, and whether an order followed."""
    seen = [one for one in orders if one.day <= SEEN_UNTIL]
    days = sorted({one.day for one in seen})
    gaps = [(after - before).days for before, after in pairwise(days)]
    return {
        "customer": f"C{customer}",
        "first_order": days[0].isoformat(),
        "first_weekday": days[0].strftime("%A"),
        "first_spent": f"{seen[0].dollars:.2f}",
        "last_order": days[-1].isoformat(),
        "orders": len(seen),
        "discs": sum(one.discs for one in seen),
        "spent": f"{sum(one.dollars for one in seen):.2f}",
        "days_between_orders": f"{fmean(gaps):.1f}" if gaps else "",
        "churned": "no" if orders[-1].day > SEEN_UNTIL else "yes",
    }


def write_digits(folder: Path) -> None:
    """All pictures on one sheet, and their labels in the same order."""
    pixels_NP, label_N = load_digits(return_X_y=True)
    tiles = (pixels_NP[:PICTURES].reshape(-1, IN_A_ROW, SIDE, SIDE) * 15.9).astype(np.uint8)
    sheet = tiles.transpose(0, 2, 1, 3).reshape(-1, IN_A_ROW * SIDE)
    Image.fromarray(sheet).save(folder / "digits.png", optimize=True)
    text = "".join(map(str, label_N[:PICTURES]))
    (folder / "digits.txt").write_text(f"{text}\n", encoding="ascii")


if __name__ == "__main__":
    main()
