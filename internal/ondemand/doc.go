// Package ondemand makes what is seldom needed when it is needed first, for state of which a program
// may hold a million: an atomic pointer takes eight bytes until then.
package ondemand
