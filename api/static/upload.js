// Files by drop or choice, one request, and how far each file is on its way.
const form = document.getElementById("upload");
const drop = document.getElementById("drop");
const input = document.getElementById("files");
const list = document.getElementById("chosen");
const wrong = document.getElementById("wrong");
const stage = document.getElementById("stage");
const send = document.getElementById("send");
const words = form.dataset;

function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte"];
  const step = Math.min(bytes ? Math.floor(Math.log(bytes) / Math.log(1000)) : 0, 2);
  const format = { style: "unit", unit: units[step], maximumFractionDigits: step ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, format).format(bytes / 1000 ** step);
}

function complain(text) {
  wrong.textContent = text;
  wrong.hidden = !text;
}

function show() {
  complain("");
  list.replaceChildren(...[...input.files].map((file) => {
    const row = document.createElement("li");
    const [name, bytes, bar, state] = ["span", "span", "progress", "span"].map((tag) => document.createElement(tag));
    name.textContent = file.name;
    name.className = "where";
    bytes.textContent = size(file.size);
    bytes.className = "quiet";
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    state.textContent = words.waiting;
    state.className = "quiet state";
    row.append(name, bytes, bar, state);
    return row;
  }));
  list.hidden = !input.files.length;
  const total = [...input.files].reduce((sum, file) => sum + file.size, 0);
  if (total > words.max * 2 ** 20) complain(words.large);
}

// The files lie one after the other in the request, so what is sent of it tells how far each is.
function advance(loaded) {
  let before = 0;
  [...input.files].forEach((file, i) => {
    const share = Math.min(Math.max((loaded - before) / (file.size || 1), 0), 1);
    const row = list.children[i];
    row.querySelector("progress").value = share;
    row.querySelector(".state").textContent = share === 1 ? words.sent : share > 0 ? words.sending : words.waiting;
    before += file.size;
  });
}

function upload() {
  const body = new FormData();
  for (const file of input.files) body.append("files", file);
  const request = new XMLHttpRequest();
  request.open("POST", "/v1/uploads");
  request.setRequestHeader("X-CSRF-Token", words.csrf);
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => advance(event.loaded));
  request.upload.addEventListener("load", () => {
    advance(Infinity);
    stage.textContent = words.reading;
  });
  const failed = (text) => {
    complain(text);
    send.disabled = false;
    stage.textContent = "";
    advance(0);
  };
  request.addEventListener("error", () => failed(words.lost));
  request.addEventListener("load", () => {
    if (request.status === 202) location.assign(`/jobs/${request.response.uid}`);
    else if (request.status === 401) location.reload();
    else failed(request.response?.detail ?? words.lost);
  });
  send.disabled = true;
  complain("");
  request.send(body);
}

input.addEventListener("change", show);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  upload();
});
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  show();
});
show();
