// A job's progress as it happens; the page as a whole is loaded again once the job has ended.
const job = document.getElementById("job");
const progress = document.getElementById("progress");
const number = new Intl.NumberFormat(document.documentElement.lang);
const events = new EventSource(job.dataset.events);

events.addEventListener("progress", (event) => {
  const state = JSON.parse(event.data);
  for (const name of ["total", "completed", "failed"]) {
    if (state[name] !== null) document.getElementById(name).textContent = number.format(state[name]);
  }
  if (state.total) {
    progress.max = state.total;
    progress.value = state.completed + state.failed;
    progress.labels[0].textContent = progress.labels[0].dataset.scoring;
  }
  if (["COMPLETED", "FAILED", "CANCELLED"].includes(state.status)) {
    events.close();
    location.reload();
  }
});
