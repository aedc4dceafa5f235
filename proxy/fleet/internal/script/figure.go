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

// Figure is one result of a run, as far as scenarios know it. Package fleet has the list.
type Figure struct {
	Name  string
	Unit  Unit
	After bool // it is known from any time of the run on
	Until bool // and up to any time
	Row   bool // tables show it
	Beats bool // it is about heartbeats, and always 0 without any
	About string
}

// Grows reports whether the figure grows with the fleet: that of a sample is a part of it.
func (f Figure) Grows() bool { return f.Unit == Count || f.Unit == Share || f.Unit == Rate }
