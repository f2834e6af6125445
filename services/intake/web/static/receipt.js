// The receipt lives: what happens to the report appears by itself while the page is looked at.

import { drawer } from "./draft.js";
import { sendUntilIn, speaker } from "./send.js";

const kept = drawer("receipt");
let again = null;
let place = null;

begin();
if (document.getElementById("find")) {
  document.getElementById("find").addEventListener("submit", look);
  const words = await kept.restore();
  if (words && !document.querySelector("#reference").value) await open(new URLSearchParams(words));
}

// What this page is: the receipt, or the paper form. Run again when the receipt has come into the page.
function begin() {
  again = document.getElementById("again");
  place = document.getElementById("progress");
  const print = document.getElementById("print");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  if (!again) return;
  follow(again);
  again.addEventListener("submit", look);
  document.getElementById("more").addEventListener("submit", add);
}

// Ask for the receipt without leaving the page, so that its address stays one that Back and a reload can open.
async function look(event) {
  if (event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  const words = new URLSearchParams(new FormData(event.target));
  if (await open(words)) return;
  event.target.removeEventListener("submit", look);
  event.target.submit();
}

/** Put the receipt of these words in the place of this page's contents, and keep the words; false when there is none. */
async function open(words) {
  const answer = await fetch(`/receipt${location.search}`, { method: "POST", body: words, headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  document.querySelector("main").replaceChildren(...page.querySelector("main").childNodes);
  begin();
  (document.getElementById("added") ?? document.getElementById("receipt-h")).focus();
  await kept.keep(Object.fromEntries(words));
  return true;
}

// Server-Sent Events by fetch: an EventSource could only ask with the words in the address.
async function follow(again) {
  for (let pause = 1; ; pause = Math.min(pause * 2, 30)) {
    try {
      await visible();
      if (!again.isConnected) return;
      const stop = new AbortController();
      const hide = () => document.hidden && stop.abort();
      document.addEventListener("visibilitychange", hide, { signal: stop.signal });
      const url = `/receipt/events${location.search}`;
      const answer = await fetch(url, { method: "POST", body: new URLSearchParams(new FormData(again)), signal: stop.signal });
      if (answer.status === 404) return;
      if (answer.ok) {
        again.hidden = true;
        await read(answer.body);
        pause = 1;
      }
    } catch {
      again.hidden = document.hidden;
    }
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
}

function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

async function read(stream) {
  let rest = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (rest + part.value).split("\n\n");
    rest = events.pop();
    for (const event of events) told(event);
  }
}

// The progress is a page's part, drawn and escaped by the server.
function told(event) {
  const lines = event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
  if (lines.length === 0) return;
  const now = new DOMParser().parseFromString(lines.join("\n"), "text/html").body;
  if (now.textContent.trim() !== place.textContent.trim()) place.replaceChildren(...now.childNodes);
}

let sending = false;
async function add(event) {
  event.preventDefault();
  if (sending || !event.target.elements.text.value.trim()) return;
  sending = true;
  const receipt = await sendUntilIn(event.target.action, [...new FormData(event.target)], speaker());
  sending = false;
  if (!receipt) return;
  event.target.reset();
  if (!(await open(new URLSearchParams(new FormData(again))))) again.submit();
}
