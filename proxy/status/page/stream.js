// The stream of events. It is followed for as long as the page is open, whatever happens to it.

const patience = 10_000; // ms without an event, which comes every 2 s, until the stream is opened anew
const pause = 3_000; // ms until a stream is opened anew that the browser has given up

// complete puts an empty list or map where one is missing: an agent that never began has none.
function complete(state) {
  const s = state.snapshot;
  for (const name of ["servers", "sessions", "moves"]) s[name] ??= [];
  for (const name of ["calls", "moves", "rounds"]) s.counts[name] ??= {};
  s.counts.discoveries ??= [];
  state.decisions ??= [];
  for (const d of state.decisions) d.did ??= [];
  return state;
}

// follow calls on.state with each state, and with whether it is the first of a stream, which has
// all decisions. It calls on.link when the link has changed, with "live", "lost" or "stopped" and
// with the reason, if that is known.
export function follow(url, on) {
  let source;
  let first; // the next state is the first of a stream
  let heard; // when something came last
  let started; // when the agent began that is followed
  let stopped; // when the agent began that has stopped
  let link;
  let timer;

  function change(to, why = "") {
    if (link === to) return;
    link = to;
    on.link(to, why);
  }

  function lost(why) {
    if (link !== "stopped") change("lost", why);
  }

  function begin() {
    first = true;
    heard = performance.now();
  }

  function open() {
    begin();
    source = new EventSource(url);
    source.addEventListener("open", begin);
    source.addEventListener("state", state);
    source.addEventListener("end", end);
    source.addEventListener("error", () => {
      lost();
      if (source.readyState === EventSource.CLOSED) reopen(pause);
    });
  }

  function reopen(after) {
    source.close();
    clearTimeout(timer);
    timer = setTimeout(open, after);
  }

  function read(event) {
    try {
      return JSON.parse(event.data);
    } catch {
      return null;
    }
  }

  function state(event) {
    heard = performance.now();
    const state = read(event);
    if (!state?.snapshot?.counts) {
      lost("it sent what is no state");
      reopen(pause);
      return;
    }
    on.state(complete(state), first);
    first = false;
    started = state.snapshot.started;
    if (started !== stopped) change("live");
  }

  // end is the last event of a stream. An agent that has stopped may be followed by another one
  // at the same address, which began at another time.
  function end(event) {
    const last = read(event);
    if (last?.of === "proxy") {
      stopped = started;
      change("stopped", last.why);
      reopen(pause);
    } else {
      lost(last?.why);
    }
  }

  open();
  setInterval(() => {
    if (source.readyState === EventSource.OPEN && performance.now() - heard > patience) {
      lost("it has sent nothing for a while");
      reopen(0);
    }
  }, 1000);
}
