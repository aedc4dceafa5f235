// Package dialing has the parts of a dial that know no session: names are resolved, and
// their addresses remembered (resolve.go, names.go), raced (race.go), and the time is
// limited, also where a dial goes on after its callers (limits.go).
package dialing
