// Package moment is time in eight bytes, for state of which a program may hold a million:
// a time.Time takes 24. A [Clock] makes a [Time] of a time.Time and the other way round.
package moment
