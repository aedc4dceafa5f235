package apart

import "fmt"

// placing is on which CPUs the workers are.
type placing struct {
	server, client *int   // nil: anywhere
	note           string // why they are not on CPUs of their own; empty: they are
}

// place takes two of these CPUs, which the process may use.
func place(allowed []int, err error) placing {
	switch {
	case err != nil:
		return placing{note: "not on CPUs of their own: " + err.Error()}
	case len(allowed) < 2:
		return placing{note: "not on CPUs of their own: there is one CPU for all"}
	default:
		return placing{server: &allowed[0], client: &allowed[1]}
	}
}

// String is for people.
func (p placing) String() string {
	if p.note != "" {
		return p.note
	}
	return fmt.Sprintf("the clients on CPU %d, the servers on CPU %d", *p.client, *p.server)
}
