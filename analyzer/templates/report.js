"use strict";

// Everything can be read without this: it sorts and filters the overview and folds the calls.
(() => {
  const MOST_OPEN = 5;
  const calls = [...document.querySelectorAll(".call")];
  const body = document.querySelector("#rows tbody");
  const rows = body ? [...body.rows] : [];

  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const folded = target.querySelector(":scope > details");
    if (folded) folded.open = true;
    for (let at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
      if (at.classList.contains("call")) at.hidden = false;
    }
    target.scrollIntoView();
  }

  function value(row, column, numeric) {
    const text = row.cells[column].dataset.value;
    return numeric ? (text === "" ? -1 : Number(text)) : text;
  }

  function sort(header) {
    const column = header.cellIndex;
    const numeric = header.dataset.sort === "number";
    const order = { ascending: "descending", descending: "none" };
    const next = order[header.getAttribute("aria-sort")] ?? "ascending";
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    const sorted = [...rows]; // as the calls came in
    if (next !== "none") {
      const sign = next === "ascending" ? 1 : -1;
      header.setAttribute("aria-sort", next);
      sorted.sort((a, b) => {
        const [x, y] = [value(a, column, numeric), value(b, column, numeric)];
        return sign * (numeric ? x - y : x.localeCompare(y, undefined, { numeric: true }));
      });
    }
    body.append(...sorted);
  }

  function filter() {
    const band = document.querySelector("input[name=band]:checked").value;
    const flagged = document.getElementById("only-flagged").checked;
    let shown = 0;
    for (const row of rows) {
      const fits = (!band || row.dataset.band === band) && (!flagged || row.classList.contains("flagged"));
      row.hidden = !fits;
      document.getElementById(row.dataset.call).hidden = !fits;
      shown += fits;
    }
    document.getElementById("shown").textContent = `${shown} of ${rows.length} shown`;
  }

  if (body) {
    for (const header of document.querySelectorAll("#rows th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      button.addEventListener("click", () => sort(header));
      header.replaceChildren(button);
    }
    const tools = document.getElementById("tools");
    tools.hidden = rows.length < 2;
    tools.addEventListener("change", filter);
  }

  for (const part of document.querySelectorAll(".fold")) part.open = false;
  if (calls.length > MOST_OPEN) {
    for (const call of calls) call.firstElementChild.open = false;
  }
  // Also for a second click on the same link, which changes no hash.
  addEventListener("click", (event) => {
    if (event.target.closest?.("a[href^='#']")) setTimeout(reveal);
  });
  addEventListener("hashchange", reveal);
  reveal();

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of folded) each.open = false;
  });
})();
