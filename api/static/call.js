// A call under review: keys, forms that keep one's place, and findings added from selected words.
// Everything works without this, too: findings open by the browser itself, forms lead back here.
const heard = document.getElementById("heard");
const help = document.getElementById("help");
let at = -1;

const tags = () => [...document.querySelectorAll("button.tag[data-finding]")];
const popover = (number) => document.getElementById(`p-${number}`);

function tell(text, wrong) {
  heard.textContent = text;
  heard.classList.toggle("wrong", Boolean(wrong));
  heard.hidden = !text;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { heard.hidden = true; }, 6000);
}

function go(index) {
  const all = tags();
  if (!all.length) return;
  at = (index + all.length) % all.length;
  const tag = all[at];
  tag.scrollIntoView({ block: "center" });
  tag.focus({ preventScroll: true });
  popover(tag.dataset.finding)?.showPopover({ source: tag });
}

function current() {
  const open = document.querySelector(".finding:popover-open");
  if (open && open.id !== "add") return open;
  const focused = document.activeElement?.closest?.("button.tag[data-finding]");
  return focused ? popover(focused.dataset.finding) : null;
}

function press(key) {
  const button = current()?.querySelector(`[data-key="${key}"]`);
  if (button) button.form.requestSubmit(button);
}

function follow(key) {
  const target = document.querySelector(`.call-bar [data-key="${key}"]`);
  if (target?.matches("form")) target.requestSubmit();
  else target?.click();
}

// Send a form, take the page that comes back, and stay where one was.
async function send(form, button) {
  const opened = document.querySelector(".finding:popover-open")?.id;
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("call");
  if (!answer.ok || !fresh) {
    tell(page.querySelector("main p:not([aria-hidden])")?.textContent ?? answer.statusText, true);
    return;
  }
  const unfolded = new Set([...document.querySelectorAll("#call details")].map((each, i) => (each.open ? i : -1)));
  document.getElementById("call").replaceWith(fresh);
  [...document.querySelectorAll("#call details")].forEach((each, i) => { if (unfolded.has(i) && !each.matches(".answer-form")) each.open = true; });
  tell(page.querySelector(".said-once[role=status]:not(.toast)")?.textContent ?? "");
  const tag = opened && document.querySelector(`[popovertarget="${opened}"]`);
  if (tag) {
    at = tags().indexOf(tag);
    tag.focus({ preventScroll: true });
  } else document.getElementById("main").focus({ preventScroll: true });
}

addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-inline]")) return;
  event.preventDefault();
  send(event.target, event.submitter).catch(() => event.target.submit());
});

// Words that are selected within one turn, as Unicode characters of its text.
function selection() {
  const chosen = getSelection();
  if (!chosen.rangeCount || chosen.isCollapsed) return null;
  const range = chosen.getRangeAt(0);
  const place = (node, offset) => {
    const word = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest?.(".w");
    if (!word || node.nodeType !== Node.TEXT_NODE) return null;
    return Number(word.dataset.start) + [...node.data.slice(0, offset)].length;
  };
  const turn = range.startContainer.parentElement?.closest(".turn");
  if (!turn || turn !== range.endContainer.parentElement?.closest(".turn")) return null;
  const [start, end] = [place(range.startContainer, range.startOffset), place(range.endContainer, range.endOffset)];
  if (start === null || end === null || end <= start) return null;
  const text = [...turn.querySelectorAll(".w")].map((word) => word.textContent).join("");
  return { turn, start, words: [...text].slice(start, end).join(""), box: range.getBoundingClientRect() };
}

function openAdd(chosen) {
  const add = document.getElementById("add");
  if (!add) return;
  const form = add.querySelector("form");
  const focused = document.activeElement?.closest?.(".turn") ?? document.querySelector(".turn:target");
  const turn = chosen?.turn ?? focused;
  form.elements.start.value = chosen?.start ?? "";
  form.elements.words.value = chosen?.words ?? "";
  if (turn) form.elements.turn.value = turn.dataset.turn;
  for (const group of form.querySelectorAll("optgroup")) group.hidden = Boolean(turn) && group.dataset.role !== turn.dataset.role;
  add.showPopover();
  (chosen ? form.elements.label : form.elements.words).focus();
}

const floating = document.createElement("button");
floating.type = "button";
floating.className = "floating-add small primary";
floating.hidden = true;
floating.textContent = document.getElementById("add-title")?.textContent ?? "";
document.body.append(floating);
let chosenWords = null;

document.addEventListener("selectionchange", () => {
  if (!document.getElementById("add")) return;
  const chosen = selection();
  if (chosen) chosenWords = chosen;
  floating.hidden = !chosen;
  if (!chosen) return;
  floating.style.left = `${Math.max(chosen.box.left + scrollX, 8)}px`;
  floating.style.top = `${chosen.box.bottom + scrollY + 8}px`;
});
floating.addEventListener("pointerdown", (event) => event.preventDefault());
floating.addEventListener("click", () => {
  floating.hidden = true;
  openAdd(chosenWords);
});

const keys = {
  j: () => go(at + 1),
  k: () => go(at < 0 ? -1 : at - 1),
  a: () => press("a"),
  x: () => press("x"),
  d: () => follow("d"),
  n: () => follow("n"),
  "+": () => openAdd(selection()),
  "?": () => help.showModal(),
};

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
addEventListener("click", (event) => {
  if (event.target.closest?.("[data-help]")) help.showModal();
  const tag = event.target.closest?.("button.tag[data-finding]");
  if (tag) at = tags().indexOf(tag);
});
