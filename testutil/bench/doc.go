// Package bench measures what the proxy costs beside a plain way to do the same
// and beside the least it could cost, all in one process and in turns, so that
// what the machine does meanwhile befalls all of them.
//
// A work has entrants: ours, a baseline, a floor, and where it makes a difference
// ours against the baseline's own server. [Works] runs them in rounds, each of
// which begins with another entrant, and ratios are taken within a round.
// [Curves] shows how costs grow.
//
// Every number is from this machine. What servers a work needs run in this
// process, on loopback, and everything is released before a function returns.
package bench
