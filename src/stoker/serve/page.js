"use strict";

// Sends the form to /predict and shows the answer. All text goes through textContent, so that a
// label from the training data cannot become markup.

const form = document.getElementById("form");
const box = document.getElementById("answer");
const MOST_BARS = 10;

function element(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function base64(buffer) {
  let text = "";
  const bytes = new Uint8Array(buffer);
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

async function cell(input) {
  if (input.dataset.kind === "image") return base64(await input.files[0].arrayBuffer());
  if (input.value === "") return null;
  if (input.dataset.kind === "number") return Number(input.value);
  return input.dataset.kind === "boolean" ? input.value === "true" : input.value;
}

async function request() {
  const inputs = [...form.querySelectorAll("input, select")];
  if (form.dataset.image) {
    const file = inputs[0].files[0];
    return { body: file, headers: { "Content-Type": file.type || "image/png" } };
  }
  const row = {};
  for (const input of inputs) row[input.name] = await cell(input);
  return { body: JSON.stringify(row), headers: { "Content-Type": "application/json" } };
}

function showError(error) {
  box.append(element("p", error.message, "error"));
  for (const bad of error.cells || []) {
    box.append(element("p", `${bad.column ?? "row"}: ${bad.reason}`, "error"));
  }
}

function showBars(probabilities) {
  const sorted = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
  for (const [label, share] of sorted.slice(0, MOST_BARS)) {
    const bar = element("div", undefined, "bar");
    const progress = element("progress");
    progress.max = 1;
    progress.value = share;
    bar.append(element("span", label), progress, element("span", `${(100 * share).toFixed(1)} %`));
    box.append(bar);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  box.hidden = false;
  box.replaceChildren(element("p", "…"));
  try {
    const answer = await fetch("predict", { method: "POST", ...(await request()) });
    const value = await answer.json();
    box.replaceChildren();
    if (value.error) return showError(value.error);
    box.append(element("strong", String(value.prediction)));
    if (value.low !== undefined) {
      box.append(element("p", `between ${value.low.toPrecision(4)} and ${value.high.toPrecision(4)}`));
    }
    if (value.probabilities) showBars(value.probabilities);
    for (const text of value.warnings || []) box.append(element("p", text, "warning"));
  } catch (error) {
    box.replaceChildren(element("p", `The server did not answer: ${error.message}`, "error"));
  }
});
