// Keeps what is written in this tab, so that a reload or Back does not lose it, and only sealed: the key is the
// server's to tell, for half a day. Without a way to seal, nothing is kept.

const seals = globalThis.crypto?.subtle;

/** A place of this tab's storage: the draft, or the words of the receipt. */
export function drawer(place) {
  let held = null;
  let era = 0;

  /** What this tab kept, or null. Asks the server for a key now, so that one is there when the connection is not. */
  async function restore() {
    if (!seals) return null;
    try {
      const kept = JSON.parse(sessionStorage.getItem(place) ?? "null");
      held = await ask(kept?.draft);
      if (held && kept) return await unsealed(kept);
      if (kept) forget();
      held ??= await ask();
    } catch {
      // No connection, or no draft of ours: the words live in the page alone until a key can be had.
    }
    return null;
  }

  /** Keep these values, sealed; whether that was done. */
  async function keep(values) {
    if (!seals) return false;
    const begun = era;
    held ??= await ask().catch(() => null);
    if (!held) return false;
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const words = new TextEncoder().encode(JSON.stringify(values));
    const sealed = await seals.encrypt({ name: "AES-GCM", iv: nonce }, held.key, words);
    if (begun !== era) return false;
    sessionStorage.setItem(place, JSON.stringify({ draft: held.draft, nonce: text(nonce), sealed: text(new Uint8Array(sealed)) }));
    return true;
  }

  /** Forget what was kept, and what is just being sealed. */
  function forget() {
    era += 1;
    sessionStorage.removeItem(place);
    held = null;
  }

  async function unsealed(kept) {
    try {
      const words = await seals.decrypt({ name: "AES-GCM", iv: bytes(kept.nonce) }, held.key, bytes(kept.sealed));
      return JSON.parse(new TextDecoder().decode(words));
    } catch {
      forget();
      return null;
    }
  }

  return { restore, keep, forget };
}

async function ask(draft = "") {
  const answer = await fetch("/draft", { method: "POST", body: draft });
  if (answer.status === 410) return null;
  if (!answer.ok) throw new Error("no key");
  const told = await answer.json();
  const key = await seals.importKey("raw", bytes(told.key), "AES-GCM", false, ["encrypt", "decrypt"]);
  return { draft: told.draft, key };
}

const text = (data) => btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
const bytes = (encoded) => Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
