// While a draft is edited, the preview beside it follows.
const form = document.getElementById("draft");
const preview = document.getElementById("preview");
let waiting;
let asked = 0;

async function show() {
  const number = ++asked;
  const fields = new FormData(form);
  fields.set("do", "live");
  preview.classList.add("busy");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields) });
    const text = await answer.text();
    if (number === asked && answer.ok) preview.innerHTML = text;
  } finally {
    if (number === asked) preview.classList.remove("busy");
  }
}

form?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(show, 400);
});
