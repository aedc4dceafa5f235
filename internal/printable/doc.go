// Package printable makes text that came from outside safe to show: on one line, without
// control characters, and of bounded length. Texts of peers, files and callers go through
// it before they are stored, logged, put into an error, or shown. It also knows what in a text
// may be secret.
package printable
