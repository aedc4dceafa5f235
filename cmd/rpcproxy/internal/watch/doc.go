// Package watch is what the command watch knows and shows: a [Model] takes events and returns
// what has changed, and a [Screen] draws it as lines of text. Both are pure: events have their
// time, and nothing here reads a clock, a socket or a terminal. What came from outside is made
// printable when an event is taken.
//
// Events come from the packages probing and agentfeed; package terminalui draws the lines.
package watch
