const ROWS = ["bona fide", "attack", "difference"];
const dialog = document.getElementById("view");
const views = [...document.querySelectorAll(".view")];

function enlarge(view) {
  const cells = [...view.querySelectorAll(".cell")].map((cell, row) => {
    const copy = cell.cloneNode(true);
    copy.dataset.row = ROWS[row];
    return copy;
  });
  document.getElementById("h-view").textContent = view.querySelector("figcaption button").textContent;
  dialog.querySelector(".large").replaceChildren(...cells.filter((cell) => cell.childElementCount));
}

const open = gallery(dialog, () => views, enlarge);
for (const view of views) view.addEventListener("click", () => open(view));
