// What was counted since the start.
import { byId, el, reconcile, setPairs, setText } from "./dom.js";
import { bytes, duration, number, words } from "./format.js";

const bad = new Set(["silent", "not_serving", "leaving", "unreachable", "connection_lost", "no_leader", "failed", "maybe_executed", "not_sent", "unanswered", "frozen"]);

// named are the counts of a map that are not zero, with what is bad marked.
function named(counts, order) {
  const names = [...new Set([...order, ...Object.keys(counts)])];
  return names.filter((name) => counts[name] > 0).map((name) => [words(name), number(counts[name]), bad.has(name) ? "bad" : null]);
}

const worse = (name, n, text = number(n)) => [name, text, n > 0 ? "bad" : null];

function groups(c) {
  const pool = c.pool;
  return [
    ["Calls", [
      ...["answered", "rejected", "not_sent", "maybe_executed"].map((name) => [words(name), number(c.calls[name] ?? 0), bad.has(name) && c.calls[name] > 0 ? "bad" : null]),
      ["retries", number(c.retries)],
      ["retries left", number(c.retry_tokens)],
    ]],
    ["Moves by reason", named(c.moves, ["silent", "not_serving", "leaving", "unreachable", "connection_lost", "no_leader", "failed", "recovered"])],
    ["Rounds", named(c.rounds, ["adopted", "frozen", "unanswered"])],
    ["Discoveries", c.discoveries.map((d) => [`${d.source}: ${words(d.result)}`, number(d.count), d.result === "failed" ? "bad" : null])],
    ["Connections", [
      ["dials", number(pool.dials)],
      worse("dials that failed", pool.dial_failures),
      ["pings", number(pool.pings)],
      ["calls of servers", number(pool.reverse_calls)],
      ["streams of servers", number(pool.reverse_streams)],
      ["received", bytes(pool.bytes_in)],
      ["sent", bytes(pool.bytes_out)],
    ]],
    ["Trouble", [
      worse("without a server", c.unserved, duration(c.unserved)),
      worse("panics", c.panics),
      worse("lines of the log lost", c.lost_lines),
      worse("events lost", c.lost_events),
    ]],
  ];
}

// renderCounters shows counts.
export function renderCounters(c) {
  reconcile(byId("counters"), groups(c), (group) => group[0], (group) => el("div", "", el("h3", "", group[0]), el("p", "quiet"), el("dl", "counts")), (node, [, pairs]) => {
    setText(node.children[1], pairs.length === 0 ? "none" : "");
    setPairs(node.lastChild, pairs);
  });
}
