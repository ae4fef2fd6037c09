// Keys of the queue: move, open, done. Everything is also a link or a button.
const rows = [...document.querySelectorAll(".waiting")];
const help = document.getElementById("help");
const heard = document.getElementById("heard");
let at = -1;

function select(index) {
  if (!rows.length) return;
  at = Math.min(Math.max(index, 0), rows.length - 1);
  const link = rows[at].querySelector(".open");
  link.focus();
  rows[at].scrollIntoView({ block: "nearest" });
}

function done() {
  if (at < 0) return;
  const form = rows[at].querySelector("form");
  if (form) {
    sessionStorage.setItem("queue-at", at);
    form.requestSubmit();
  } else {
    heard.classList.remove("hidden");
    heard.classList.add("said-once", "toast");
    heard.textContent = heard.dataset.notSeen;
  }
}

const keys = {
  j: () => select(at + 1),
  ArrowDown: () => select(at + 1),
  n: () => select(at + 1),
  k: () => select(at - 1),
  ArrowUp: () => select(at - 1),
  d: done,
  "?": () => help?.showModal(),
};

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog, summary");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
for (const [index, row] of rows.entries()) row.addEventListener("focusin", () => { at = index; });
document.querySelector("[data-help]")?.addEventListener("click", () => help.showModal());

// After a call is done, the one that took its place is next.
const before = sessionStorage.getItem("queue-at");
sessionStorage.removeItem("queue-at");
if (before !== null) select(Number(before));
