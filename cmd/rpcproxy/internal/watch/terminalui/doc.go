// Package terminalui shows a watch.Model on a terminal, and lets a person move in it. The
// terminal is as it was before when it returns, whatever happens.
package terminalui
