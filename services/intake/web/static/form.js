// The form with JavaScript: on a narrow screen a section at a time, a check page that needs no connection, Send that
// does not give up. The history holds the number of the section and nothing else.

import { drawer } from "./draft.js";
import { sendUntilIn, showReceipt, speaker } from "./send.js";

const { forget, keep, restore } = drawer("draft");

const form = document.getElementById("report");
const steps = [...document.querySelectorAll(".step")];
const CHECK = steps.length;
const narrow = matchMedia("(max-width: 47.99em)");
const sendButton = document.getElementById("send");
let step = 1;
let key = crypto.randomUUID?.() ?? String(crypto.getRandomValues(new BigUint64Array(2)));
let sending = false;

function show(next, { focus = true } = {}) {
  step = Math.min(Math.max(next, 1), CHECK);
  const whole = !narrow.matches && step !== CHECK;
  document.documentElement.classList.toggle("one", !whole);
  steps.forEach((section, n) => { section.hidden = n + 1 === CHECK ? step !== CHECK : !whole && n + 1 !== step; });
  form.hidden = step === CHECK;
  document.title = form.dataset.title + step;
  if (step === CHECK) {
    fillCheck();
    ask();
  }
  if (!focus) return;
  const heading = steps[step - 1].querySelector("h1");
  heading.focus({ preventScroll: true });
  if (whole) heading.scrollIntoView();
  else scrollTo(0, 0);
}

let depth = 0;

function go(next) {
  depth += 1;
  history.pushState({ step: next }, "");
  show(next);
}

// As the browser's own Back where there is a section of this page to go back to, else to the section before.
function back() {
  if (depth > 0) history.back();
  else go(step - 1);
}

// Each section's questions as they stand on the page, answered or not.
function answers(section) {
  const questions = [...section.querySelectorAll(".q")].filter(styled);
  return questions.map((q) => ({ asked: q.dataset.asked ?? words(q.querySelector("legend, label")), answer: answered(q), chosen: q.querySelector("[type=radio]") !== null }));
}

// A hidden section still has its styles; only what its own rules hide (by age, by another answer) is left out.
function styled(q) {
  for (let each = q; each && !each.classList.contains("step"); each = each.parentElement) {
    if (getComputedStyle(each).display === "none") return false;
  }
  return true;
}

function words(element) {
  const parts = [...element.childNodes].filter((node) => node.nodeType === 3 || getComputedStyle(node).display !== "none");
  return parts.map((node) => node.textContent).join("").trim();
}

function answered(q) {
  const chosen = q.querySelector("input:checked");
  if (chosen) return words(q.querySelector(`label[for="${CSS.escape(chosen.id)}"]`));
  return q.querySelector("input:not([type=radio], [type=checkbox]), textarea")?.value.trim() ?? "";
}

function fillCheck() {
  const row = document.getElementById("row").content;
  const rows = steps.slice(0, -1).map((section, n) => {
    const copy = row.cloneNode(true);
    const told = answers(section);
    const heading = section.dataset.heading ?? words(section.querySelector("h1"));
    copy.querySelector("h2").textContent = heading;
    copy.querySelector("button").append(Object.assign(document.createElement("span"), { className: "sr-only", textContent: heading }));
    copy.querySelector("button").addEventListener("click", () => change(n + 1));
    const open = told.filter((each) => each.chosen || told.length === 1).filter((each) => !each.answer).length;
    const note = copy.querySelector(".muted");
    note.hidden = open === 0;
    const given = told.filter((each) => each.answer);
    if (given.length && open) note.textContent = `${open} ${note.dataset.some}`;
    for (const unread of section.querySelectorAll(".note:not([hidden])")) {
      const again = unread.cloneNode(true);
      again.removeAttribute("id");
      note.before(again);
    }
    if (given.length) copy.querySelector("dl").append(...given.flatMap(pair));
    else copy.querySelector("dl").remove();
    return copy;
  });
  document.getElementById("rows").replaceChildren(...rows);
  document.getElementById("empty").hidden = steps.slice(1, -1).some(tells);
}

// What the service would ask about this report. It is asked once for the same answers, and Send never waits for it.
const asked = document.getElementById("asked");
let askedOf = "";
let before = {}; // what this tab kept of an earlier visit

async function ask() {
  const given = new URLSearchParams(new FormData(form));
  if (given.toString() === askedOf || asked.querySelector(":checked")) return; // what was answered here stays
  askedOf = given.toString();
  try {
    const answer = await fetch(asked.dataset.ask, { method: "POST", body: given, signal: AbortSignal.timeout(2000) });
    if (!answer.ok || step !== CHECK) return;
    asked.innerHTML = await answer.text();
    fill(Object.fromEntries(Object.entries(before).filter(([name]) => asked.querySelector(`[name="${CSS.escape(name)}"]`))));
  } catch {
    askedOf = ""; // without a connection nothing more is asked
  }
}

// Whether a section says anything of the concern: how to reach the reporter is none of it.
const tells = (section) => section.getAttribute("aria-labelledby") !== "reporter-h" && answers(section).some((each) => each.answer);

function pair({ asked, answer }) {
  return [["dt", asked], ["dd", answer]].map(([tag, textContent]) => Object.assign(document.createElement(tag), { textContent }));
}

function change(n) {
  go(narrow.matches ? n : 1);
  if (narrow.matches) return;
  steps[n - 1].querySelector("h1").focus({ preventScroll: true });
  steps[n - 1].scrollIntoView();
}

function addSibling() {
  const place = document.getElementById("siblings");
  place.append(document.getElementById("sibling").content.cloneNode(true));
  numberSiblings();
  return place.lastElementChild.querySelector("input");
}

function removeSibling(button) {
  button.closest(".sibling").remove();
  numberSiblings();
  keepNow();
  document.getElementById("add-sibling").focus();
}

function numberSiblings() {
  document.querySelectorAll("#siblings .sibling").forEach((sibling, at) => {
    for (const q of sibling.querySelectorAll(".q")) {
      const [label, input] = [q.querySelector("label"), q.querySelector("input")];
      input.id = input.name = label.htmlFor = input.name.replace(/\d+$/, at + 1);
      const note = q.querySelector(".note");
      if (note) input.setAttribute("aria-describedby", (note.id = `${input.id}-note`));
      label.textContent = label.textContent.replace(/\d+(?=\s*$)/, at + 1);
    }
    sibling.querySelector("[name=remove]").value = sibling.querySelector(".n").textContent = at + 1;
  });
}

// Ten digits that begin with a date, its day as it is or plus 60, as replacement numbers have it.
const bare = (cpr) => cpr.normalize("NFKC").replace(/(cpr|personnummer)[- .]*(nummer|nr)?/i, "").replaceAll(/[\s\p{Cf}\p{Pd}\u2212.,:#/·_()[\]]/gu, "");
const readable = (cpr) => /^$|^(0[1-9]|[12]\d|3[01]|6[1-9]|[78]\d|9[01])(0[1-9]|1[0-2])(18|19|20)?\d{6}$/.test(bare(cpr));

function tellUnread({ target }) {
  if (target.dataset?.cpr !== undefined) target.closest(".q").querySelector(".note").hidden = readable(target.value);
}

function fill(values) {
  const siblings = Math.max(0, ...Object.keys(values).map((name) => Number(/^sibling_\w+_(\d+)$/.exec(name)?.[1] ?? 0)));
  while (document.querySelectorAll("#siblings .sibling").length < siblings) addSibling();
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements[name];
    if (field instanceof RadioNodeList) field.value = value;
    else if (field && (value || !field.defaultValue)) field.value = value; // what the sign-in filled in stays
    if (field instanceof Element) tellUnread({ target: field });
  }
}

async function send() {
  if (sending) return;
  sending = true;
  sendButton.setAttribute("aria-disabled", "true");
  const fields = [...new FormData(form), ["key", key]];
  const receipt = await sendUntilIn(form.dataset.send, fields, speaker());
  if (receipt) {
    forget();
    form.reset();
    return showReceipt(document.getElementById("open"), receipt);
  }
  sending = false;
  sendButton.removeAttribute("aria-disabled");
}

let later = 0;
const keepNow = () => sending || !form.isConnected || keep({ key, step, values: Object.fromEntries(new FormData(form)) });
form.addEventListener("input", () => { clearTimeout(later); later = setTimeout(keepNow, 250); });
addEventListener("visibilitychange", () => document.hidden && keepNow());
addEventListener("leave", forget);
form.addEventListener("change", tellUnread);

document.addEventListener("click", (event) => {
  const direction = event.target.closest("[data-go]")?.dataset.go;
  if (direction === "on") go(step + 1);
  if (direction === "back") back();
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.submitter?.id === "add-sibling") return addSibling().focus();
  if (event.submitter?.name === "remove") return removeSibling(event.submitter);
  if (event.submitter?.id === "enter" && document.documentElement.classList.contains("one")) return go(step + 1);
  if (event.submitter?.dataset.stay === undefined) return go(CHECK);
  await keepNow();
  location.assign(event.submitter.formAction);
});
sendButton.addEventListener("click", send);
addEventListener("popstate", (event) => {
  depth = Math.max(0, depth - 1);
  if (!sending) show(event.state?.step ?? 1);
});
narrow.addEventListener("change", () => show(step, { focus: false }));

// The page is there at once; what this tab kept comes into it unless something new is being written already.
document.querySelector(".just-sent").hidden = sessionStorage.getItem("receipt") === null;
const begun = history.state?.step;
let touched = false;
form.addEventListener("input", () => { touched = true; }, { once: true });
history.replaceState({ step: 1 }, "");
show(1, { focus: false });
const kept = await restore();
if (kept && !touched) {
  key = kept.key;
  before = kept.values;
  fill(kept.values);
  const at = begun ?? kept.step;
  history.replaceState({ step: at }, "");
  show(at, { focus: false });
}
