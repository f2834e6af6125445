// The receipt lives: what happens to the report appears by itself while the page is looked at.

import { openReceipt, sendUntilIn, speaker } from "./send.js";

const again = document.getElementById("again");
const place = document.getElementById("progress");
const print = document.getElementById("print");

if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
if (again) {
  follow();
  document.getElementById("more").addEventListener("submit", add);
}

// Server-Sent Events by fetch: an EventSource could only ask with the words in the address.
async function follow() {
  for (let pause = 1; ; pause = Math.min(pause * 2, 30)) {
    try {
      await visible();
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
  openReceipt(again, { reference: again.elements.reference.value, code: again.elements.code.value });
}
