// Numbers, times and reasons as people read them.

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export const zone = clock.resolvedOptions().timeZone;

export const number = (n) => grouped.format(n);

// some is a number with a noun: "1 server", "3 servers".
export const some = (n, one, many = one + "s") => `${number(n)} ${n === 1 ? one : many}`;

// time is a moment of a day, with the date if that is not today's.
export function time(iso, now) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "unknown";
  const text = clock.format(at);
  return at.toDateString() === new Date(now).toDateString() ? text : `${day.format(at)}, ${text}`;
}

// duration is a time in seconds, as long as people count in: "12 ms", "3.0 s", "80 s", "4 min 12 s".
export function duration(s) {
  if (s < 0) return "-" + duration(-s);
  if (s < 1) return s === 0 ? "0 s" : latency(s);
  if (s < 9.95) return `${s.toFixed(1)} s`;
  return whole(s);
}

// whole is a time in whole seconds, or in the two largest units.
export function whole(s) {
  s = Math.max(0, Math.floor(s));
  if (s < 120) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

// latency is a time in seconds with two digits that count.
export function latency(s) {
  const ms = s * 1e3;
  if (ms < 0.995) return `${ms.toFixed(2)} ms`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  return `${s.toFixed(1)} s`;
}

export function bytes(n) {
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (n < 1000) return unit === "B" || n >= 100 ? `${n.toFixed(0)} ${unit}` : `${n.toFixed(1)} ${unit}`;
    n /= 1024;
  }
  return `${n.toFixed(1)} TiB`;
}

// reasons by what is said of the server that was left, in a list and in a sentence.
const reasons = {
  silent: ["silent while calls waited", "was silent while calls waited"],
  not_serving: ["calls left unanswered", "left calls unanswered"],
  leaving: ["it stops", "announced that it stops"],
  unreachable: ["could not be reached", "could not be reached"],
  connection_lost: ["connection lost", "lost its connection"],
  no_leader: ["knew no leader", "could not serve: it knew no leader"],
  failed: ["failed", "failed"],
  recovered: ["a better one answers again"],
  heartbeat: ["a heartbeat named the servers anew"],
  rebalance: ["a round put it first"],
  discovery: ["discovery found the servers anew"],
  manual: ["the servers were set by hand"],
};

const failovers = new Set(["silent", "not_serving", "leaving", "unreachable", "connection_lost", "no_leader", "failed"]);

// isFailover reports whether a move left a server that was of no use.
export const isFailover = (move) => failovers.has(move.reason);

// words is a name in snake case as words.
export const words = (name) => String(name).replaceAll("_", " ");

// reason is why a move was made, in a few words.
export const reason = (move) => reasons[move.reason]?.[0] ?? words(move.reason);

// left is the same as what is to be said of the server that was left.
export const left = (move) => reasons[move.reason]?.[1] ?? words(move.reason);

// path is from where to where a move was.
export const path = (move) => `${move.from || "no server"} → ${move.to || "no server"}`;
