// Package terminal is what commands need to know of the terminal they write to.
package terminal
