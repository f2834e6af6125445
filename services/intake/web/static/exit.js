// Leave this page: blank it at once, forget what was written, go where nothing tells of it.
// By the link, or by Shift pressed three times within two seconds with no other key between.

const link = document.getElementById("exit");

function leave(event) {
  event?.preventDefault();
  document.documentElement.hidden = true;
  document.body.replaceChildren();
  dispatchEvent(new Event("leave"));
  sessionStorage.clear();
  document.title = " ";
  location.replace(link.href);
}

link.addEventListener("click", leave);

let presses = [];
document.addEventListener("keydown", (event) => {
  if (event.key !== "Shift") presses = [];
});
document.addEventListener("keyup", (event) => {
  if (event.key !== "Shift") return;
  presses = [...presses.filter((at) => event.timeStamp - at < 2000), event.timeStamp];
  if (presses.length === 3) leave(event);
});

// A page that Back takes from the browser's memory could show what was left: load it anew.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
