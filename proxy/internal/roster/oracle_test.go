package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// oracle is a second, simple-minded account of who is in the list: two plain
// sets of addresses. It knows nothing of order, health, epochs or rounds. That
// the agent is an orphan, and that a round has just found nobody, it is told.
type oracle struct {
	primaries []string
	listed    []string // the backup set; the backups are those that are no primaries
	config    []string
	withdrawn []string // configured servers removed by hand
	held      []string // primaries that the heartbeat does not name
}

func newOracle(config []messages.Server) *oracle {
	o := &oracle{}
	for _, s := range config {
		o.config = with(o.config, s.Addr)
	}
	o.primaries = slices.Clone(o.config)
	return o
}

// heartbeat takes the servers named for the primaries. If none of them is known to
// be of use, by what before shows, the former ones that may be stay beside them.
func (o *oracle) heartbeat(m messages.HeartbeatUpdate, version int, orphan bool, before *messages.View) {
	var named []string
	for _, info := range m.Servers {
		s, err := messages.ParseServer(info.RPCAdvertiseAddr)
		if err == nil && info.RPCMajorVersion <= version {
			named = with(named, s.Addr)
		}
	}
	if len(named) == 0 {
		return
	}
	if m.LeaderRPCAddr != "" || !orphan {
		active, _ := before.Active()
		from := m.From.Addr
		if from == "" {
			from = active.Addr
		}
		loses, untried := false, slices.ContainsFunc(named, func(addr string) bool { return before.Health(messages.Server{Addr: addr}) == messages.Unknown })
		for s := range before.Ranking() {
			counts := s.Role == messages.Primary || s.Server == active
			loses = loses || counts && s.Health == messages.Alive && !slices.Contains(named, s.Server.Addr)
		}
		holding, useful, stay := len(o.held) > 0, m.LeaderRPCAddr != "" && slices.Contains(named, from), []string(nil)
		for s := range before.Ranking() {
			held := slices.Contains(o.held, s.Server.Addr)
			switch carried := s.Server.Addr == from; {
			case slices.Contains(named, s.Server.Addr):
				works := s.Health == messages.Alive || s.Health == messages.Leaderless
				useful = useful || s.Health != messages.Failed && (held || !holding) && (works || !loses)
			case s.Server == active && untried && !holding && s.Health != messages.Failed:
				stay = append(stay, s.Server.Addr) // as a primary, whatever it was
			case s.Role == messages.Primary && (held || carried || !holding && s.Health != messages.Failed):
				stay = append(stay, s.Server.Addr)
			}
		}
		if useful {
			stay = nil
		}
		o.held, o.primaries = stay, slices.Clone(stay)
	}
	for _, addr := range named {
		o.primaries, o.held = with(o.primaries, addr), but(o.held, addr)
	}
}

func (o *oracle) addBackup(m messages.AddBackup) {
	var set []string
	for _, addr := range m.Addrs {
		s, err := messages.ParseServer(addr)
		if err != nil {
			return
		}
		set = with(set, s.Addr)
	}
	o.listed = set
}

func (o *oracle) addPrimary(m messages.AddPrimary) {
	if s, err := messages.ParseServer(m.Addr); err == nil {
		o.primaries = with(o.primaries, s.Addr)
		o.withdrawn, o.held = but(o.withdrawn, s.Addr), but(o.held, s.Addr)
	}
}

func (o *oracle) remove(m messages.RemoveServer) {
	o.primaries, o.listed = but(o.primaries, m.Server.Addr), but(o.listed, m.Server.Addr)
	o.withdrawn, o.held = with(o.withdrawn, m.Server.Addr), but(o.held, m.Server.Addr)
}

func (o *oracle) discovered(m messages.DiscoveryDone, orphan bool) {
	asPrimaries := orphan || len(o.primaries)+len(o.listed) == 0
	for _, f := range m.Found {
		s, err := messages.ParseServer(f.Addr)
		if err != nil {
			continue
		}
		if asPrimaries {
			o.primaries = with(o.primaries, s.Addr)
		} else {
			o.listed = with(o.listed, s.Addr)
		}
	}
}

// released takes out the servers that were held until another one answers.
func (o *oracle) released() {
	for _, addr := range o.held {
		o.primaries = but(o.primaries, addr)
	}
	o.held = nil
}

// lapsed brings the whole configuration back.
func (o *oracle) lapsed() {
	o.withdrawn = nil
	o.restore(false)
}

// foundNobody brings the configuration back, but for what was removed by hand.
func (o *oracle) foundNobody() { o.restore(true) }

func (o *oracle) restore(held bool) {
	for _, addr := range o.config {
		if !slices.Contains(o.withdrawn, addr) {
			if held && !slices.Contains(o.primaries, addr) {
				o.held = with(o.held, addr)
			}
			o.primaries = with(o.primaries, addr)
		}
	}
}

func (o *oracle) backups() []string {
	var only []string
	for _, addr := range o.listed {
		if !slices.Contains(o.primaries, addr) {
			only = append(only, addr)
		}
	}
	return only
}

// with is set and addr; but is set without it.
func with(set []string, addr string) []string { return append(but(set, addr), addr) }

func but(set []string, addr string) []string {
	var rest []string
	for _, s := range set {
		if s != addr {
			rest = append(rest, s)
		}
	}
	return rest
}
