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

function openClip(clip) {
  const facts = element("dl");
  for (const [name, value] of clip.facts) {
    const line = element("div", undefined, { className: value.length > FACT ? "long" : "" });
    line.append(element("dt", name), element("dd", value));
    facts.append(line);
  }
  document.getElementById("h-clip").textContent = clip.name;
  document.getElementById("clip-body").replaceChildren(
    element("h3", "Frames"), strip(clip.frames, "strip"),
    element("h3", "Planes and spectra"), strip(clip.planes, "strip large"),
    element("h3", "Provenance"), facts,
  );
  document.getElementById("clip").showModal();
}

const tables = json("tables");
for (const root of document.querySelectorAll(".live")) liveTable(root, tables[root.dataset.table]);
let details = null;
for (const button of document.querySelectorAll("[data-clip]")) {
  button.addEventListener("click", () => {
    details ??= json("details"); // megabytes of pictures: read when first asked for
    openClip(details[button.dataset.clip]);
  });
}
document.getElementById("close").addEventListener("click", () => document.getElementById("clip").close());
