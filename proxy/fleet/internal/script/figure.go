package script

// Unit is the unit of a figure.
type Unit uint8

// The units. A Count, a Share and a Rate grow with the fleet.
const (
	Count Unit = iota // a number of events
	Share             // a number of clients, or of what each has at most once in a while: also in percent of the clients
	Rate              // a number a second
	Ratio             // of two numbers
	Time
)

// Figure is one result of a run.
type Figure struct {
	Name  string
	Unit  Unit
	After bool // it is known from any time of the run on
	Until bool // and up to any time
	Row   bool // tables show it
	About string
}

// Figures are all of them, in the order in which tables show them.
var Figures = []Figure{
	{"dials", Count, true, true, false, "dials to servers that are up"},
	{"sessions", Count, true, true, false, "dials that made a session"},
	{"refused", Count, true, true, true, "dials that failed at once: the server was down, or full"},
	{"failed", Count, true, true, true, "dials that made no session, these with them"},
	{"conns/100ms/server", Count, true, true, true, "dials to one server that is up: most in 100 ms"},
	{"conns/s/server", Rate, true, true, true, "the same in 1 s"},
	{"conns/10s/server", Count, true, true, true, "the same in 10 s"},
	{"failed/100ms/server", Count, true, true, false, "failed dials to one server: most in 100 ms"},
	{"failed/s/server", Rate, true, true, true, "the same in 1 s"},
	{"failed/10s/server", Count, true, true, false, "the same in 10 s"},
	{"beats/s/server", Rate, true, true, false, "heartbeats that one server gets: most in 1 s"},
	{"amplification", Ratio, true, false, true, "sendings of a call, by calls"},
	{"amplification.worst", Ratio, true, false, true, "the same in the worst 10 s"},
	{"outages", Share, true, false, true, "clients whose blocking query lost its server, and found another one"},
	{"outage.mean", Time, true, false, false, "until it had: the mean"},
	{"outage.p50", Time, true, false, true, "the same: half of the clients"},
	{"outage.p90", Time, true, false, true, "nine of ten"},
	{"outage.p99", Time, true, false, true, "99 of 100"},
	{"outage", Time, true, false, true, "the last one"},
	{"out", Share, false, false, true, "clients whose blocking query is on no server at the end"},
	{"left.p50", Time, false, false, false, "from a heartbeat that met silence until its client left the server: half"},
	{"left.p90", Time, false, false, false, "nine of ten"},
	{"left.p99", Time, false, false, false, "99 of 100"},
	{"left", Time, false, false, true, "the last one"},
	{"missed", Share, false, false, true, "nodes that the servers marked down: no heartbeat came in time"},
	{"imbalance", Ratio, true, true, true, "clients on the busiest server, by the mean of the servers that are up: the worst"},
	{"imbalance.end", Ratio, false, false, true, "the same at the end"},
	{"even.from", Time, false, false, true, "from then on it is at most 1.5"},
	{"moves", Share, true, true, true, "clients that went to another server"},
	{"rounds", Count, true, true, false, "rounds in which clients look for a better order of their servers"},
	{"rounds/s/server", Rate, true, false, true, "the same a second, by the number of servers: the mean"},
	{"gap.mean", Time, false, false, false, "from one round of a client to the next: the mean"},
	{"gap.max", Time, false, false, false, "the longest"},
	{"first.mean", Time, false, false, false, "until a client's first round in the run: the mean"},
	{"first.max", Time, false, false, false, "the last one"},
	{"discoveries", Count, true, true, true, "queries of discovery"},
	{"discoveries/s", Rate, true, true, true, "the same: most in 1 s"},
	{"lookups", Count, true, true, false, "queries of DNS"},
	{"lookups/s", Rate, true, true, false, "the same: most in 1 s"},
}

// Lookup is the figure of a name.
func Lookup(name string) (Figure, bool) {
	for _, f := range Figures {
		if f.Name == name {
			return f, true
		}
	}
	return Figure{}, false
}

func figureNames() []string {
	var names []string
	for _, f := range Figures {
		names = append(names, f.Name)
	}
	return names
}

// Grows reports whether the figure grows with the fleet: that of a sample is a part of it.
func (f Figure) Grows() bool { return f.Unit == Count || f.Unit == Share || f.Unit == Rate }
