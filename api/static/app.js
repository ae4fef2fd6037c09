// For every page: menus close when one clicks elsewhere or presses Escape, secrets are copied, what
// is to be printed is.
document.documentElement.classList.add("scripted");

const menus = () => document.querySelectorAll("details.menu[open]");

addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Where the clipboard is closed to pages (no https), the words are selected and copied as by hand.
addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    if (!document.execCommand("copy")) return;
  }
  field.parentElement.querySelector("[role=status]").textContent = button.dataset.copied;
});

addEventListener("click", (event) => {
  if (event.target.closest?.("button[data-prints]")) print();
});
