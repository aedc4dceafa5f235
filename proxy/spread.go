package proxy

import "time"

// What a fleet's dials may cost, each second: so many connections of every server, as
// many as rebalancing may.
const dialsPerServerSecond = 64

// dialSpread is the time in which each of so many agents dials one of its servers once,
// when they cannot reach any; zero where that is next to nothing.
func dialSpread(nodes, servers int) time.Duration {
	perSecond := dialsPerServerSecond * max(servers, 1)
	spread := time.Duration(min(max(nodes, 0), 1<<30)) * time.Second / time.Duration(perSecond)
	if spread < time.Second {
		return 0
	}
	return spread.Truncate(time.Second)
}
