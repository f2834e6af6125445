// Sends fields until they are in: the same key and the same words are the same report, however often they arrive.

import { drawer } from "./draft.js";

const PAUSES = [1, 2, 4, 8, 15];
const LATE = 30_000;
const GIVE_UP_ON_ONE_TRY = 15_000;

/** Try until the report is in; gives `{reference, code}`, or null when it is too long to be taken. */
export async function sendUntilIn(url, fields, say) {
  const began = performance.now();
  for (let tries = 0; ; tries += 1) {
    say("sending");
    const answer = await attempt(url, fields);
    if (answer?.ok) return answer.json();
    if (answer?.status === 413) {
      say("too-large");
      return null;
    }
    const late = answer?.status === 503 || performance.now() - began > LATE;
    say(late ? "late" : "offline");
    await pause(PAUSES[Math.min(tries, PAUSES.length - 1)]);
  }
}

async function attempt(url, fields) {
  try {
    const headers = { Accept: "application/json" };
    const signal = AbortSignal.timeout?.(GIVE_UP_ON_ONE_TRY);
    return await fetch(url, { method: "POST", body: new URLSearchParams(fields), headers, signal });
  } catch {
    return null;
  }
}

/** Wait some seconds; less when the connection is back or the person says *now*. */
function pause(seconds) {
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = () => { done.abort(); resolve(); };
    setTimeout(end, seconds * 1000);
    addEventListener("online", end, { signal: done.signal });
    document.addEventListener("click", (event) => event.target.closest("[data-now]") && end(), { signal: done.signal });
  });
}

/** Shows one of the page's sentences: `sending` politely, trouble at once; the same sentence is not said twice. */
export function speaker() {
  const [polite, alarm] = ["sending", "alarm"].map((id) => document.getElementById(id));
  let said = "";
  return (what) => {
    if (what === "sending" && said !== "" && said !== "sending") return;
    if (what === said) return;
    said = what;
    const words = document.querySelector(`[data-say="${what}"]`)?.content.cloneNode(true) ?? "";
    polite.replaceChildren(what === "sending" ? words : "");
    alarm.replaceChildren(what === "sending" ? "" : words);
  };
}

/** Go to the receipt of these words by a GET, so that Back and a reload find it: the tab keeps the words, sealed.
 *  Where it cannot, a form's POST brings them: no address ever holds them. */
export async function showReceipt(form, { reference, code }) {
  if (await drawer("receipt").keep({ reference, code })) return location.assign(`/receipt${location.search}`);
  form.elements.reference.value = reference;
  form.elements.code.value = code;
  return form.submit();
}
