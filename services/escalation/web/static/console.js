// What a screen can do besides its links and forms: hide itself, open the printer's dialog, and put the focus on what was just confirmed.
document.documentElement.classList.add("scripted");
const hide = document.getElementById("hide");
if (hide) hide.addEventListener("click", () => document.documentElement.classList.toggle("hidden-now"));
const done = document.getElementById("done");
if (done) done.focus();
if (document.documentElement.classList.contains("printing")) print();
