// The server in front, and the heartbeat.
import { byId, setAttribute, setPairs, setText, show } from "./dom.js";
import { duration, isFailover, left, number, reason, some, time, whole } from "./format.js";

// renderFront shows the server in front, and why it is.
export function renderFront(s, rate) {
  setAttribute(byId("front"), "data-state", s.active === "" || s.unserved ? "bad" : "good");
  setText(byId("front-address"), s.active === "" ? "No server" : s.active);
  setText(byId("front-before"), before(s));
  const facts = [
    ["Leader", s.leader ? s.leader : "none named"],
    ["Servers", number(s.servers.length)],
    ["Nodes", number(s.num_nodes)],
    ["Calls", `${some(s.counts.pool.in_flight, "in flight", "in flight")}${rate === null ? "" : `, ${number(rate)} a second`}`],
    ["Epoch", number(s.epoch)],
  ];
  if (s.tenants > 0) facts.push(["Tenants", number(s.tenants)]);
  setPairs(byId("front-facts"), facts);
}

// before tells of the server that was in front before this one.
function before(s) {
  const last = s.moves.at(-1);
  if (!last || last.to !== s.active) return s.active === "" ? "" : "No other one has been in front since the start.";
  if (last.from === "") return `No server was before it: ${reason(last)}.`;
  if (!isFailover(last)) return `It took over from ${last.from}: ${reason(last)}.`;
  const after = last.trouble > 0 ? ` ${duration(last.trouble)} after the first sign of trouble` : "";
  return `It took over from ${last.from}${after}: that one ${left(last)}.`;
}

// tickFront shows what passes with time.
export function tickFront(s, now) {
  const since = s.active_since ? `Since ${time(s.active_since, now)}, for ${whole((now - Date.parse(s.active_since)) / 1000)}: ` : "";
  setText(byId("front-why"), s.why === "" ? "" : sentence(since + s.why));
  tickHeartbeat(s, now);
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + ".";

function tickHeartbeat(s, now) {
  const h = s.heartbeat;
  const meter = byId("heartbeat-meter");
  const big = byId("heartbeat-left");
  const story = byId("heartbeat-story");
  show(meter, h?.ttl > 0);
  if (!h) {
    setText(big, "None yet");
    setAttribute(big, "data-state", "none");
    setText(story, "No heartbeat has been answered since the start.");
    return;
  }
  const age = h.age + (now - Date.parse(s.at)) / 1000;
  const answered = `${h.tenant ? "A tenant's was" : "Answered"} ${h.tenant ? "answered " : ""}${whole(age)} ago by ${h.server || "the server in front"}`;
  if (h.ttl <= 0) {
    setText(big, `${whole(age)} ago`);
    setAttribute(big, "data-state", "good");
    setText(story, `${answered}. It granted no TTL.`);
    return;
  }
  const margin = h.ttl - age;
  const part = Math.max(0, Math.min(1, margin / h.ttl));
  // An agent sends the next one when a third of the TTL is left, or 5 s of a long one.
  const state = margin <= 0 ? "bad" : margin < Math.min(h.ttl / 4, 4) ? "warn" : "good";
  setText(big, margin <= 0 ? `Late by ${whole(-margin)}` : `${whole(margin)} left`);
  setAttribute(big, "data-state", state);
  setAttribute(meter, "data-state", state);
  setAttribute(meter, "aria-valuemax", h.ttl);
  setAttribute(meter, "aria-valuenow", Math.max(0, Math.min(h.ttl, Math.floor(margin))));
  setAttribute(meter, "aria-valuetext", margin <= 0 ? `none of ${duration(h.ttl)} left` : `${whole(margin)} of ${duration(h.ttl)} left`);
  meter.firstElementChild.style.setProperty("--part", part.toFixed(3));
  const atReply = h.at_reply > 0 ? ` ${duration(h.at_reply)} of the TTL before were left.` : h.at_reply < 0 ? ` The TTL before had ended ${duration(-h.at_reply)} earlier.` : "";
  setText(story, `${answered}, for ${duration(h.ttl)}.${atReply}`);
}
