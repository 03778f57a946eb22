"use strict";
// Everything that comes from the data is set as text or as the address of an image, never as markup.

function element(name, text, properties) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return Object.assign(made, properties);
}

function json(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

function themes(button) {
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    name();
  });
  name();
}

// A dialog that shows one of several items: arrow keys and its buttons with data-step go to the next one.
function gallery(dialog, items, show) {
  let at = 0;
  const go = (step) => {
    const all = items();
    if (all.length) {
      at = (at + step + all.length) % all.length;
      show(all[at]);
    }
  };
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      go(step);
    }
  });
  for (const button of dialog.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => go(Number(button.dataset.step)));
  }
  dialog.querySelector("#close").addEventListener("click", () => dialog.close());
  return (item) => {
    at = Math.max(0, items().indexOf(item));
    show(item);
    if (!dialog.open) dialog.showModal();
  };
}

themes(document.getElementById("theme"));
