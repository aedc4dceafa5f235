// Package plot draws runs of package fleet: for each the active clients of every server as
// areas on top of each other, below them the connections that a server gets in a second, and
// the events of the scenario as vertical lines.
//
//	figure := plot.Figure{Title: "outage", Runs: []plot.Run{{Name: "shuffle", Series: f.Series()}}}
//	err := figure.SVG(w)
//
// The same figure gives the same bytes. They hold all that is shown, and follow the light or
// dark scheme of the reader. No other package of this module but the command imports this
// one: it links a library for charts.
package plot
