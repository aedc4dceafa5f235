// A line of a list that opens: a button, and a panel under it. What is open stays open while the
// list changes.
import { el, reconcile, setAttribute, setPairs, setText, show } from "./dom.js";
import { duration, time } from "./format.js";

const parts = new WeakMap(); // by line
let count = 0;

// makeEntry makes a line. fill is called with the panel's parts and what the line shows, when it
// opens and when that changes while it is open.
export function makeEntry(fill) {
  const id = `panel-${++count}`;
  const head = el("button", "head");
  head.type = "button";
  const panel = el("div", "panel");
  panel.id = id;
  panel.hidden = true;
  head.setAttribute("aria-expanded", "false");
  head.setAttribute("aria-controls", id);
  const entry = { head, panel, fill, story: el("p", "story"), pairs: el("dl", "pairs"), did: el("ol", "did"), item: null };
  panel.append(entry.story, entry.pairs, entry.did);
  head.addEventListener("click", () => open(entry, panel.hidden));
  const line = el("li", "entry", head, panel);
  parts.set(line, entry);
  return line;
}

// headOf is the button of a line.
export const headOf = (line) => parts.get(line).head;

// updateEntry has a line show an item.
export function updateEntry(line, item) {
  const entry = parts.get(line);
  entry.item = item;
  if (!entry.panel.hidden) entry.fill(entry, item);
}

// openEntry opens a line and goes to it.
export function openEntry(line) {
  const entry = parts.get(line);
  open(entry, true);
  entry.head.focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
}

function open(entry, opened) {
  if (opened) entry.fill(entry, entry.item);
  show(entry.panel, opened);
  setAttribute(entry.head, "aria-expanded", opened);
}

// fillDecision shows a decision: what led to it, and what came of it.
export function fillDecision(entry, d, now) {
  setPairs(entry.pairs, [
    ["Cause", d.cause],
    ["When", when(d, now)],
    ["Afterwards in front", d.active === "" ? "no server" : d.active],
    ["Why that one", d.why],
    ["Epoch", `${d.epoch}, decision ${d.seq}`],
  ]);
  show(entry.did, d.did.length > 0);
  const lines = d.did.map((action, i) => ({ action, i }));
  reconcile(entry.did, lines, (line) => String(line.i), () => el("li", "", el("span", "level"), el("span", "text")), (li, { action }) => {
    const level = action.level ?? "";
    const text = action.text.startsWith(level + ": ") ? action.text.slice(level.length + 2) : action.text;
    setText(li.firstChild, level);
    show(li.firstChild, level !== "");
    setAttribute(li.firstChild, "data-level", level);
    setText(li.lastChild, text);
  });
}

// repeats is how often a decision was made, if that is more than once.
export function repeats(d) {
  if (d.times <= 1) return "";
  return `${d.times} times in ${duration((Date.parse(d.last) - Date.parse(d.at)) / 1000)}`;
}

function when(d, now) {
  const often = repeats(d);
  return time(d.at, now) + (often && `, ${often}, last at ${time(d.last, now)}`);
}
