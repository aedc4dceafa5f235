package script

// Unit is the unit of a figure.
type Unit uint8

// The units.
const (
	Count Unit = iota // a number of events
	Share             // a number of clients, which a scenario may give in percent of them
	Rate              // a number a second
	Ratio             // of two numbers
	Time
)

// Figure is one result of a run.
type Figure struct {
	Name     string
	Unit     Unit
	Windowed bool // it is known for a part of the run, too
	About    string
}

// Figures are all of them, in the order in which tables show them.
var Figures = []Figure{
	{"refused", Count, true, "dials to servers that are down"},
	{"failed", Count, true, "dials that were refused or met silence"},
	{"conns/100ms/server", Count, true, "most dials on one server in 100 ms"},
	{"conns/s/server", Rate, true, "most dials on one server in 1 s"},
	{"conns/10s/server", Count, true, "most dials on one server in 10 s"},
	{"amplification", Ratio, false, "sendings of a call, by calls"},
	{"outage.p50", Time, false, "until half of the clients that lost their server had another one"},
	{"outage.p90", Time, false, "until nine of ten had"},
	{"outage.p99", Time, false, "until 99 of 100 had"},
	{"outage", Time, false, "until the last one had"},
	{"out", Share, false, "clients without a server at the end"},
	{"left.p50", Time, false, "until half of the heartbeats that met silence had left the server"},
	{"left.p90", Time, false, "until nine of ten had"},
	{"left.p99", Time, false, "until 99 of 100 had"},
	{"left", Time, false, "until the last one had"},
	{"missed", Share, false, "heartbeats that came too late: clients that the servers took for dead"},
	{"imbalance", Ratio, true, "most clients on one server, by the mean of the servers that are up"},
	{"moves", Share, true, "clients that went to another server"},
	{"rounds/s/server", Rate, false, "rounds of looking for a better order, a second, by servers"},
	{"gap.mean", Time, false, "between a client's rounds"},
	{"gap.max", Time, false, "the longest between a client's rounds"},
	{"first.max", Time, false, "until the last client had its first round"},
	{"discoveries", Count, true, "queries for the names of the servers"},
	{"discoveries/s", Rate, true, "the same, most in 1 s"},
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
