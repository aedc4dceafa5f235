// The moves of the last hour: a strip that shows which server was in front when, and under it a
// line for each move, which opens its cause.
import { byId, el, limited, reconcile, setAttribute, setText, setTime } from "./dom.js";
import { fillDecision, headOf, makeEntry, openEntry, updateEntry } from "./entry.js";
import { duration, isFailover, path, reason, some, time } from "./format.js";

const hour = 3600_000;
const kept = 32; // moves that an agent keeps
const mostLanes = 6;

// keyOf tells moves apart.
export const keyOf = (move) => `${move.epoch} ${move.at}`;

// decisionOf is the decision that made a move: the one that has published its epoch; undefined:
// it is not kept any more.
function decisionOf(move, decisions) {
  const at = Date.parse(move.at);
  let best;
  let off = Infinity;
  for (const d of decisions) {
    if (d.epoch !== move.epoch && !d.did.some((a) => a.kind === "publish" && a.epoch === move.epoch)) continue;
    const far = Math.abs(Date.parse(d.at) - at);
    if (far < off) [best, off] = [d, far];
  }
  return best;
}

// movesSection returns functions that show the moves, and what passes with time.
export function movesSection() {
  const list = byId("moves");
  const lines = new Map();
  let view;

  function fill(entry, move) {
    const d = decisionOf(move, view.decisions);
    setText(entry.story, d ? "" : "The decision that made this move is not kept any more.");
    entry.pairs.hidden = entry.did.hidden = !d;
    if (d) fillDecision(entry, d, view.now);
  }

  function make(move) {
    const line = makeEntry(fill);
    headOf(line).append(el("time"), el("span", "mark"), el("span", "what"), el("span", "aside"));
    lines.set(keyOf(move), line);
    return line;
  }

  function update(line, move) {
    const [at, mark, what, aside] = headOf(line).children;
    setTime(at, move.at, time(move.at, view.now));
    setAttribute(mark, "data-state", isFailover(move) ? "bad" : "calm");
    setText(what, path(move));
    setText(aside, move.trouble > 0 ? `${reason(move)}, after ${duration(move.trouble)}` : reason(move));
    updateEntry(line, move);
  }

  const draw = limited(byId("moves-more"), 6, (moves) => {
    reconcile(list, moves, keyOf, make, update);
    const there = new Set(moves.map(keyOf));
    for (const key of lines.keys()) if (!there.has(key)) lines.delete(key);
  });

  return {
    render(s, decisions, now) {
      view = { decisions, now };
      const recent = s.moves.filter((move) => now - Date.parse(move.at) <= hour);
      draw(recent.toReversed());
      setText(byId("moves-sum"), summary(s, recent, now));
      this.tick(s, now);
    },
    tick(s, now) {
      drawStrip(byId("strip"), s, now, (move) => {
        const line = lines.get(keyOf(move));
        if (line) openEntry(line);
      });
    },
  };
}

function summary(s, recent, now) {
  if (recent.length === 0) return s.active === "" ? "No server has been in front." : `None: ${s.active} has been in front all the time.`;
  const failovers = recent.filter(isFailover).length;
  const text = `${some(recent.length, "move")}, ${failovers === recent.length ? "all of them failovers" : `${some(failovers, "failover")} among them`}`;
  return recent.length < kept ? `${text}.` : `${text}: the last ones, from ${time(recent[0].at, now)} on.`;
}

// span is how much time the strip shows, in ms: an hour, or less soon after the start.
function span(s, now) {
  const up = now - Date.parse(s.started);
  return [1, 2, 5, 10, 20, 40].map((minutes) => minutes * 60_000).find((ms) => ms >= up) ?? hour;
}

// stays are the times that servers were in front, oldest first. Of those before the moves that
// are kept nothing is known.
function stays(s, begin, now) {
  const moves = s.moves;
  const list = [];
  let addr = moves[0]?.from ?? s.active;
  let from = moves.length < kept ? Date.parse(s.started) : Date.parse(moves[0].at);
  for (const move of [...moves, null]) {
    const to = move ? Date.parse(move.at) : now;
    if (to >= begin && to >= from) list.push({ addr, from: Math.max(from, begin), to, last: !move, key: `${addr} ${from}` });
    from = to;
    addr = move?.to;
  }
  return list;
}

// rowsOf gives each server a row: the last ones if there are too many, and the rest one together.
function rowsOf(list) {
  const latest = [...new Set(list.toReversed().map((stay) => stay.addr))];
  const shown = latest.length > mostLanes ? latest.slice(0, mostLanes - 1) : latest;
  shown.sort((a, b) => (a === "" ? 1 : b === "" ? -1 : a.localeCompare(b, "en", { numeric: true })));
  const rows = new Map(shown.map((addr, i) => [addr, i]));
  const names = shown.map((addr) => addr || "no server");
  if (latest.length > shown.length) {
    names.push(some(latest.length - shown.length, "other"));
    for (const addr of latest) if (!rows.has(addr)) rows.set(addr, shown.length);
  }
  return { rows, names };
}

// ago names a place on the axis.
const ago = (s) => (s <= 120 ? `${s} s` : `${+(s / 60).toFixed(1)} min`);

function drawStrip(strip, s, now, opens) {
  if (!strip.firstChild) {
    strip.append(el("div", "names"), el("div", "plot", el("div", "lines"), el("div", "stays"), el("div", "jumps"), el("div", "marks")), el("div", "axis"));
  }
  const [names, plot, axis] = strip.children;
  const [lines, bars, jumps, marks] = plot.children;
  const long = span(s, now);
  const begin = now - long;
  const x = (at) => `${(((at - begin) / long) * 100).toFixed(3)}%`;
  const list = stays(s, begin, now);
  const { rows, names: lanes } = rowsOf(list);
  strip.style.setProperty("--rows", lanes.length);
  const put = (node, row, left) => {
    node.style.setProperty("--row", row);
    node.style.setProperty("--x", left);
  };
  const numbered = lanes.map((name, i) => ({ name, i }));
  reconcile(names, numbered, (lane) => String(lane.i), () => el("span"), (node, lane) => {
    put(node, lane.i, "0%");
    setText(node, lane.name);
  });
  reconcile(lines, numbered, (lane) => String(lane.i), () => el("span"), (node, lane) => put(node, lane.i, "0%"));
  reconcile(bars, list, (stay) => stay.key, () => el("span"), (node, stay) => {
    put(node, rows.get(stay.addr), x(stay.from));
    node.style.setProperty("--width", `${(((stay.to - stay.from) / long) * 100).toFixed(3)}%`);
    setAttribute(node, "data-state", stay.addr === "" ? "bad" : stay.last ? "now" : "past");
  });
  const within = s.moves.filter((move) => Date.parse(move.at) >= begin);
  reconcile(jumps, within, keyOf, () => el("span"), (node, move) => {
    const [a, b] = [rows.get(move.from) ?? rows.get(move.to), rows.get(move.to)];
    put(node, Math.min(a, b), x(Date.parse(move.at)));
    node.style.setProperty("--height", Math.abs(a - b));
    setAttribute(node, "data-state", isFailover(move) ? "bad" : "calm");
  });
  reconcile(marks, within, keyOf, (move) => {
    const node = el("span");
    node.addEventListener("click", () => opens(move));
    return node;
  }, (node, move) => {
    put(node, rows.get(move.to), x(Date.parse(move.at)));
    setAttribute(node, "data-state", isFailover(move) ? "bad" : "calm");
    setAttribute(node, "title", `${time(move.at, now)}: ${path(move)}, ${reason(move)}`);
  });
  const ticks = [1, 0.75, 0.5, 0.25, 0].map((part, i) => ({ i, text: part === 0 ? "now" : ago((part * long) / 1000) }));
  reconcile(axis, ticks, (tick) => String(tick.i), () => el("span"), (node, tick) => setText(node, tick.text));
}
