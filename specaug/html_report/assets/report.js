const PAGE = 25;
const LONG = new Set(["path", "detail"]);
const FACT = 24; // letters of a fact that fit beside its name

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a ?? "").localeCompare(String(b ?? ""), "en", { numeric: true });
}

function liveTable(root, table) {
  const state = { page: 0, rows: table.rows, column: -1, sign: 1 };
  const [previous, next] = root.querySelectorAll(".pages button");
  const filter = root.querySelector("input");
  const numeric = table.columns.map((_, i) => table.rows.length > 0 && typeof table.rows[0][i] === "number");

  function draw() {
    const first = state.page * PAGE;
    const shown = state.rows.slice(first, first + PAGE);
    const lines = shown.map((row) => {
      const line = element("tr");
      row.forEach((value, i) => {
        const text = numeric[i] ? value.toLocaleString("en") : value ?? "";
        line.append(element("td", text, { className: numeric[i] ? "n" : LONG.has(table.columns[i]) ? "path" : "" }));
      });
      return line;
    });
    root.querySelector("tbody").replaceChildren(...lines);
    const total = state.rows.length;
    root.querySelector(".count").textContent = total
      ? `${first + 1} to ${first + shown.length} of ${total.toLocaleString("en")} lines`
      : "No line matches";
    previous.disabled = state.page === 0;
    next.disabled = first + PAGE >= total;
    root.querySelector(".pages").hidden = table.rows.length <= PAGE;
  }

  function choose() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) => {
      const text = row.join("\u0000").toLowerCase();
      return words.every((word) => text.includes(word));
    };
    state.rows = words.length ? table.rows.filter(fits) : table.rows.slice();
    if (state.column >= 0) {
      state.rows.sort((a, b) => state.sign * compare(a[state.column], b[state.column]));
    }
    state.page = 0;
    draw();
  }

  const heads = table.columns.map((name, i) => {
    const head = element("th", undefined, { scope: "col", className: numeric[i] ? "n" : "" });
    const button = element("button", name, { type: "button" });
    button.addEventListener("click", () => {
      state.sign = state.column === i ? -state.sign : numeric[i] ? -1 : 1;
      state.column = i;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", state.sign > 0 ? "ascending" : "descending");
      choose();
    });
    head.append(button);
    return head;
  });
  const row = element("tr");
  row.append(...heads);
  root.querySelector("thead").replaceChildren(row);
  filter.addEventListener("input", choose);
  for (const button of [previous, next]) {
    button.addEventListener("click", () => {
      state.page += Number(button.dataset.step);
      draw();
    });
  }
  draw();
}

function strip(pictures, className) {
  const list = element("ul", undefined, { className });
  for (const [caption, address] of pictures) {
    const item = element("li");
    item.append(element("img", undefined, { src: address, alt: caption }), element("span", caption));
    list.append(item);
  }
  return list;
}

function showClip(clip) {
  const facts = element("dl");
  for (const [name, value] of clip.facts) {
    const line = element("div", undefined, { className: value.length > FACT ? "long" : "" });
    line.append(element("dt", name), element("dd", value));
    facts.append(line);
  }
  document.getElementById("h-clip").textContent = clip.name;
  document.getElementById("clip-body").replaceChildren(
    large(clip),
    element("h3", "Frames"), strip(clip.frames, "strip"),
    element("h3", "Planes and spectra"), strip(clip.planes, "strip large"),
    element("h3", "Provenance"), facts,
  );
}

function large(clip) {
  const shown = document.querySelector(`[data-clip="${CSS.escape(clip.name)}"] img`);
  return element("img", undefined, { src: shown.src, alt: shown.alt, className: "whole" });
}

const tables = json("tables");
for (const root of document.querySelectorAll(".live")) liveTable(root, tables[root.dataset.table]);
let details = null;
const detail = (name) => {
  details ??= json("details"); // megabytes of images: read when first asked for
  return details[name];
};

// The contact sheet: chosen, sorted, and no more at first than a reader takes in.
const FIRST = 24;
const sheet = document.querySelector(".sheet");
const orders = sheet ? json("orders") : {};
const items = sheet ? [...sheet.children] : [];
let shown = items;
let all = false;

function told(order, by) {
  const value = order[by];
  if (by === "" || by === "label") return order.split;
  return typeof value === "number" ? `${by} ${value.toPrecision(3)}` : `${value ?? `${by} unknown`}`;
}

function drawSheet() {
  shown.forEach((item, number) => { item.hidden = number >= FIRST && !all; });
  const by = document.getElementById("sort").value;
  for (const item of items) item.querySelector("small").textContent = told(orders[item.dataset.name], by);
  const more = document.getElementById("more");
  more.hidden = all || shown.length <= FIRST;
  more.textContent = `Show all ${shown.length}`;
  document.querySelector(".choose .count").textContent = `${shown.length} of ${items.length} clips`;
}

function chooseClips() {
  const wanted = [...document.querySelectorAll(".choose [data-by]")].filter((select) => select.value);
  const by = document.getElementById("sort").value;
  const sign = document.getElementById("turn").getAttribute("aria-pressed") === "true" ? -1 : 1;
  const order = (item) => orders[item.dataset.name];
  shown = items.filter((item) => wanted.every((select) => order(item)[select.dataset.by] === select.value));
  if (by) {
    // What is not known comes last, whichever way the others go.
    const known = (item) => Number(order(item)[by] === undefined);
    shown.sort((a, b) => known(a) - known(b) || sign * compare(order(a)[by], order(b)[by]));
  }
  for (const item of items) item.hidden = true;
  sheet.append(...shown);
  drawSheet();
}

if (sheet) {
  for (const select of document.querySelectorAll(".choose select")) select.addEventListener("change", chooseClips);
  document.getElementById("turn").addEventListener("click", ({ currentTarget }) => {
    currentTarget.setAttribute("aria-pressed", currentTarget.getAttribute("aria-pressed") !== "true");
    chooseClips();
  });
  document.getElementById("more").addEventListener("click", () => {
    all = true;
    drawSheet();
  });
  document.querySelector(".choose").hidden = false;
  drawSheet();
}

let near = () => [];
const open = gallery(document.getElementById("clip"), () => near(), (name) => showClip(detail(name)));
for (const button of document.querySelectorAll("[data-clip]")) {
  button.addEventListener("click", () => {
    const others = button.closest(".extremes")?.querySelectorAll("[data-clip]");
    near = others ? () => [...others].map((other) => other.dataset.clip) : () => shown.map((item) => item.dataset.name);
    open(button.dataset.clip);
  });
}
