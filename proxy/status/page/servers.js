// The table of servers.
import { byId, el, limited, setAttribute, setText, show } from "./dom.js";
import { latency, number, some } from "./format.js";
import { drawSpark, makeSpark, scaleOf } from "./spark.js";
import { table } from "./table.js";

// serversSection returns a function that shows the servers.
export function serversSection() {
  let scale;
  let sessions;
  const text = (of) => ({ fill: (cell, server) => setText(cell, of(server)) });
  const rows = table(byId("servers"), [
    {
      make: () => [el("span", "name"), el("span", "badge front-badge", "in front"), el("span", "badge", "kept")],
      fill(cell, server, row) {
        const [name, front, retained] = cell.children;
        setText(name, server.addr);
        show(front, server.active);
        show(retained, Boolean(server.retained));
        setAttribute(row, "data-active", server.active ? "" : null);
      },
    },
    {
      make: () => [el("span", "health")],
      fill(cell, server) {
        setText(cell.firstChild, server.health);
        setAttribute(cell.firstChild, "data-health", server.health);
      },
    },
    text((server) => server.role),
    text((server) => server.source),
    text((server) => (server.rtt.count > 0 ? latency(server.rtt.p50) : "–")),
    text((server) => (server.rtt.count > 0 ? latency(server.rtt.p99) : "–")),
    { make: () => [makeSpark()], fill: (cell, server) => drawSpark(cell.firstChild, server.rtt.series ?? [], scale) },
    text((server) => number(server.answered)),
    text((server) => number(server.failures)),
    text((server) => sessions.get(server.addr) ?? "none"),
  ], (server) => server.addr);
  const draw = limited(byId("servers-more"), 12, rows);

  return (s) => {
    scale = scaleOf(s.servers);
    sessions = sessionsByServer(s.sessions);
    show(byId("servers"), s.servers.length > 0);
    draw(s.servers);
    setText(byId("servers-sum"), summary(s.servers));
  };
}

function summary(servers) {
  if (servers.length === 0) return "No server is known.";
  const by = Map.groupBy(servers, (server) => server.health);
  const parts = ["alive", "leaderless", "failed", "unknown"].filter((health) => by.has(health)).map((health) => `${number(by.get(health).length)} ${health}`);
  return `${some(servers.length, "server")}, best first: ${parts.join(", ")}.`;
}

// sessionsByServer says in a few words what sessions there are to each server.
function sessionsByServer(sessions) {
  const words = new Map();
  for (const [server, list] of Map.groupBy(sessions, (session) => session.server)) {
    const calls = list.reduce((sum, session) => sum + session.calls, 0);
    const streams = list.reduce((sum, session) => sum + session.streams + session.incoming_streams, 0);
    const parts = [list.every((session) => session.tls) ? `${list.length} with TLS` : number(list.length)];
    if (calls > 0) parts.push(some(calls, "call"));
    if (streams > 0) parts.push(some(streams, "stream"));
    if (list.some((session) => session.doubt)) parts.push("in doubt");
    words.set(server, parts.join(", "));
  }
  return words;
}
