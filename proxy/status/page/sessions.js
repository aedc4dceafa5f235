// The table of sessions.
import { byId, el, limited, setAttribute, setText, show } from "./dom.js";
import { bytes, number, some, whole } from "./format.js";
import { table } from "./table.js";

// sessionsSection returns a function that shows the sessions.
export function sessionsSection() {
  const text = (of) => ({ fill: (cell, session) => setText(cell, of(session)) });
  const rows = table(byId("sessions"), [
    {
      make: () => [el("span", "name"), el("span", "id"), el("span", "badge", "tenant")],
      fill(cell, session) {
        const [name, id, tenant] = cell.children;
        setText(name, session.server);
        setText(id, ` #${session.id}`);
        show(tenant, session.tenant);
      },
    },
    {
      make: () => [el("span", "health")],
      fill(cell, session) {
        setText(cell.firstChild, session.doubt ? `${session.state}, in doubt` : session.state);
        setAttribute(cell.firstChild, "data-health", session.doubt ? "failed" : session.state === "up" ? "alive" : "unknown");
      },
    },
    text((session) => whole(session.age)),
    text((session) => (session.tls ? "yes" : "no")),
    text((session) => number(session.calls)),
    text((session) => number(session.streams)),
    text((session) => number(session.incoming_streams)),
    text((session) => bytes(session.bytes_in)),
    text((session) => bytes(session.bytes_out)),
    text((session) => `${whole(session.quiet)} ago`),
  ], (session) => `${session.tenant} ${session.server} ${session.id}`);
  const draw = limited(byId("sessions-more"), 8, rows);

  return (s) => {
    show(byId("sessions"), s.sessions.length > 0);
    draw(s.sessions);
    setText(byId("sessions-sum"), summary(s));
  };
}

function summary(s) {
  if (s.sessions.length === 0) return "None is open. An agent that brings connections of its own shows none here.";
  const doubt = s.sessions.filter((session) => session.doubt).length;
  const tenants = s.sessions.filter((session) => session.tenant).length;
  const parts = [some(s.sessions.length + s.sessions_left_out, "session")];
  if (tenants > 0) parts.push(`${number(tenants)} of tenants`);
  if (doubt > 0) parts.push(`${number(doubt)} in doubt`);
  if (s.sessions_left_out > 0) parts.push(`${number(s.sessions_left_out)} of them not shown`);
  return `${parts.join(", ")}.`;
}
