// How long a server took to answer over the last minutes, as a line. All lines have one scale,
// which is logarithmic: a server nearby and one far away are both to be read, and compared.
import { setAttribute, shape } from "./dom.js";
import { latency } from "./format.js";

const width = 100;
const height = 24;
const edge = 3;

// scaleOf is the scale that all series of servers fit in.
export function scaleOf(servers) {
  let least = Infinity;
  let most = 0;
  for (const server of servers) {
    for (const value of server.rtt.series ?? []) {
      if (value > 0) {
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
  }
  if (most === 0) return { bottom: 0, range: 1 };
  const middle = Math.sqrt(least * most);
  const range = Math.max(Math.log(most / least), Math.log(8)); // what hardly differs is not to look wild
  return { bottom: Math.log(middle) - range / 2, range };
}

export function makeSpark() {
  const svg = shape("svg", { class: "spark", role: "img", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" });
  const path = { "vector-effect": "non-scaling-stroke" };
  svg.append(shape("path", { ...path, class: "base", d: `M0 ${height - edge}H${width}` }), shape("path", { ...path, class: "line" }));
  return svg;
}

// drawSpark draws a series, oldest first; where it is 0 there was no call.
export function drawSpark(svg, series, scale) {
  let d = "";
  let open = false;
  series.forEach((value, i) => {
    if (!(value > 0)) {
      open = false;
      return;
    }
    const x = (((i + 0.5) / series.length) * width).toFixed(1);
    const y = (height - edge - ((Math.log(value) - scale.bottom) / scale.range) * (height - 2 * edge)).toFixed(1);
    const alone = !open && !(series[i + 1] > 0);
    d += open ? `L${x} ${y}` : alone ? `M${x} ${y}h.1` : `M${x} ${y}`;
    open = true;
  });
  setAttribute(svg.lastChild, "d", d);
  setAttribute(svg, "aria-label", label(series.filter((value) => value > 0)));
}

function label(values) {
  if (values.length === 0) return "no call";
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? `p50 ${latency(least)}` : `p50 between ${latency(least)} and ${latency(most)}`;
}
