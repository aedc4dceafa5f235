// The decisions that the agent keeps, newest first.
import { byId, el, limited, reconcile, setText, setTime } from "./dom.js";
import { fillDecision, headOf, makeEntry, repeats, updateEntry } from "./entry.js";
import { some, time, words } from "./format.js";

const kept = 256;

// merge adds the decisions of an event to those that are known, oldest first: those that are new,
// and those that have changed. The first event of a stream has all of them.
export function merge(known, some, first) {
  const all = new Map((first ? [] : known).map((d) => [d.seq, d]));
  for (const d of some) all.set(d.seq, d);
  return [...all.values()].sort((a, b) => a.seq - b.seq).slice(-kept);
}

// decisionsSection returns a function that shows decisions.
export function decisionsSection() {
  const list = byId("decisions");
  let now = 0;

  function make() {
    const line = makeEntry((entry, d) => fillDecision(entry, d, now));
    headOf(line).append(el("time"), el("span", "kind"), el("span", "what"), el("span", "aside"));
    return line;
  }

  function update(line, d) {
    const [at, kind, what, aside] = headOf(line).children;
    setTime(at, d.at, time(d.at, now));
    setText(kind, words(d.kind));
    setText(what, d.cause);
    setText(aside, repeats(d));
    updateEntry(line, d);
  }

  const draw = limited(byId("decisions-more"), 12, (few) => reconcile(list, few, (d) => String(d.seq), make, update));

  return (decisions, at) => {
    now = at;
    draw(decisions.toReversed());
    setText(byId("decisions-sum"), decisions.length === 0 ? "None yet." : `What changed something, newest first: ${some(decisions.length, "decision")}${decisions[0].seq > 1 ? `, from number ${decisions[0].seq} on` : ""}.`);
  };
}
