// The page: it follows the stream of events and shows the last state.
import { byId, setAttribute, setText, show } from "./dom.js";
import { renderCounters } from "./counters.js";
import { decisionsSection, merge } from "./decisions.js";
import { isFailover, reason, time, whole, zone } from "./format.js";
import { renderFront, tickFront } from "./front.js";
import { keyOf, movesSection } from "./moves.js";
import { serversSection } from "./servers.js";
import { sessionsSection } from "./sessions.js";
import { follow } from "./stream.js";

const rateOver = 10_000; // ms

const moves = movesSection();
const renderServers = serversSection();
const renderSessions = sessionsSection();
const renderDecisions = decisionsSection();

let snapshot = null;
let decisions = [];
let received = 0; // when the snapshot came, on the clock of performance
let link = "waiting";
let linkSince = Date.now();
let calls = []; // how many had ended when, over the last seconds

// now is the agent's time. While nothing is heard of the agent it stands still: what is shown is
// what was known then.
const now = () => Date.parse(snapshot.at) + (link === "live" ? performance.now() - received : 0);

// say has a screen reader say a text, once.
const say = (text) => setText(byId("said"), text);

// rate is how many calls a second have ended lately; null: that is not known yet.
function rate(s) {
  const at = Date.parse(s.at);
  const ended = Object.values(s.counts.calls).reduce((sum, n) => sum + n, 0);
  if (calls.length > 0 && (ended < calls[0].ended || at < calls[0].at)) calls = [];
  calls.push({ at, ended });
  while (calls.length > 2 && at - calls[1].at >= rateOver) calls.shift();
  const [first] = calls;
  return at - first.at < 1000 ? null : ((ended - first.ended) / (at - first.at)) * 1000;
}

function state(next, first) {
  const before = snapshot;
  snapshot = next.snapshot;
  received = performance.now();
  decisions = merge(decisions, next.decisions, first);
  if (before?.started !== snapshot.started) calls = [];
  else sayMoves(before, snapshot);
  show(byId("main"), true);
  renderFront(snapshot, rate(snapshot));
  renderServers(snapshot);
  renderSessions(snapshot);
  renderDecisions(decisions, now());
  renderCounters(snapshot.counts);
  moves.render(snapshot, decisions, now());
  renderNotice();
  renderBuild();
  tick();
  document.title = snapshot.active === "" ? "No server – rpcproxy" : `${snapshot.active} – rpcproxy`;
}

// sayMoves says what has moved between two snapshots.
function sayMoves(before, after) {
  const known = new Set(before.moves.map(keyOf));
  const fresh = after.moves.filter((move) => !known.has(keyOf(move)));
  if (fresh.length === 0) return;
  const last = fresh.at(-1);
  const what = isFailover(last) ? "Failover" : "Move";
  const more = fresh.length > 1 ? ` ${fresh.length} moves in all.` : "";
  say(`${what} at ${time(last.at, last.at)}, from ${last.from || "no server"} to ${last.to || "no server"}: ${reason(last)}.${more}`);
}

// renderNotice says what is wrong with the agent as a whole.
function renderNotice() {
  const s = snapshot;
  let text = "";
  if (s.fault) text = `The agent has ended for a fault of its own: ${s.fault}`;
  else if (s.servers.length === 0) text = "No server is known. The agent waits until one is configured, or found.";
  else if (s.unserved) text = `No server is known that serves the agent${s.unserved_for > 0 ? `, for ${whole(s.unserved_for)} now` : ""}.`;
  setText(byId("notice"), text);
  show(byId("notice"), text !== "");
}

function renderBuild() {
  const b = snapshot.build;
  const revision = b.revision ? `, revision ${b.revision.slice(0, 12)}` : "";
  const up = snapshot.uptime > 0 ? `Started ${time(snapshot.started, now())}, up for ${whole(snapshot.uptime)}. ` : "";
  setText(byId("build"), `Version ${b.version || "unknown"}${revision}${b.go && `, ${b.go}`}. ${up}Times are those of ${zone}.`);
}

const links = {
  waiting: () => "Connecting",
  live: () => "Live",
  lost: (since) => `Reconnecting since ${since}`,
  stopped: () => "The agent has stopped",
};

function renderLink(why = "") {
  const node = byId("link");
  setAttribute(node, "data-link", link);
  setAttribute(node, "title", why === "" ? null : why);
  setAttribute(byId("main"), "data-link", link);
  setText(node, links[link](time(linkSince, linkSince)));
}

function tick() {
  if (snapshot === null) return;
  tickFront(snapshot, now());
  moves.tick(snapshot, now());
}

follow("events", {
  state,
  link(to, why) {
    const before = link;
    link = to;
    linkSince = Date.now();
    renderLink(why);
    if (before !== "waiting" || to !== "live") say(to === "live" ? "Live again" : links[to](time(linkSince, linkSince)));
  },
});
setInterval(tick, 1000);
