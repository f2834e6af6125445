// What a screen can do besides its links and forms: hide itself, open the printer's dialog, put the focus on what was just
// confirmed, and say when what it asks for by itself does not come.
document.documentElement.classList.add("scripted");
const hide = document.getElementById("hide");
if (hide) hide.addEventListener("click", () => document.documentElement.classList.toggle("hidden-now"));
const done = document.getElementById("done");
if (done) done.focus();
if (document.documentElement.classList.contains("printing")) print();

const stale = document.getElementById("stale");
const LATE = 25_000; // two rounds and a bit: a server that hangs answers nothing at all
let came = new Date();

function tell(signedOut) {
  const lang = stale.dataset.lang === "en" ? "en-GB" : "da-DK";
  const clock = { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Copenhagen" };
  stale.querySelector("time").textContent = came.toLocaleTimeString(lang, clock);
  stale.querySelector(".signed-out").hidden = !signedOut;
  stale.querySelector(".away").hidden = signedOut;
  stale.firstElementChild.hidden = false;
}

if (stale) {
  document.addEventListener("htmx:finally:request", ({ target, detail }) => {
    if (!target.closest("[data-poll]")) return;
    const status = detail.ctx.response?.status ?? 0;
    if (status < 200 || status >= 300) return tell(status === 401);
    came = new Date();
    stale.firstElementChild.hidden = true;
  });
  setInterval(() => {
    if (stale.firstElementChild.hidden && new Date() - came > LATE) tell(false);
  }, 5_000);
}

// What had the focus keeps it; where it has gone, the focus goes to what it stood in and not to the top of the page.
let held = null;
document.addEventListener("htmx:before:swap", () => (held = document.activeElement?.closest("[data-poll]")));
document.addEventListener("htmx:after:swap", () => {
  if (held && document.activeElement === document.body) held.focus();
});
