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
	seeds     []string
	added     []string // of the seeds, those added one by one
	withdrawn []string // seeds removed by hand
	held      []string // primaries that the heartbeat does not name
}

func newOracle(config []messages.Server) *oracle {
	o := &oracle{}
	for _, s := range config {
		o.seeds = with(o.seeds, s.Addr)
	}
	o.primaries = slices.Clone(o.seeds)
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

// parsed is what each address is the key of; false if one is none.
func parsed(addrs []string) (set []string, ok bool) {
	for _, addr := range addrs {
		s, err := messages.ParseServer(addr)
		if err != nil {
			return nil, false
		}
		set = with(set, s.Addr)
	}
	return set, true
}

func (o *oracle) setServers(m messages.SetServers) {
	if set, ok := parsed(m.Addrs); ok && len(set) > 0 {
		o.primaries, o.seeds = set, slices.Clone(set)
		o.added, o.withdrawn, o.held = nil, nil, nil
	}
}

func (o *oracle) setBackups(m messages.SetBackups) {
	if set, ok := parsed(m.Addrs); ok {
		o.listed = set
	}
}

func (o *oracle) addBackup(m messages.AddBackup) {
	if set, ok := parsed(m.Addrs); ok {
		for _, addr := range set {
			o.listed = with(o.listed, addr)
		}
	}
}

func (o *oracle) addPrimary(m messages.AddPrimary) {
	if s, err := messages.ParseServer(m.Addr); err == nil {
		o.primaries = with(o.primaries, s.Addr)
		o.withdrawn, o.held = but(o.withdrawn, s.Addr), but(o.held, s.Addr)
		if !slices.Contains(o.seeds, s.Addr) {
			o.seeds, o.added = with(o.seeds, s.Addr), with(o.added, s.Addr)
		}
	}
}

func (o *oracle) remove(m messages.RemoveServer) {
	addr := m.Server.Addr
	o.primaries, o.listed, o.held = but(o.primaries, addr), but(o.listed, addr), but(o.held, addr)
	if slices.Contains(o.added, addr) {
		o.seeds, o.added = but(o.seeds, addr), but(o.added, addr)
	}
	o.withdrawn = with(o.withdrawn, addr)
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

// lapsed brings all seeds back.
func (o *oracle) lapsed() {
	o.withdrawn = nil
	o.restore(false)
}

// foundNobody brings the seeds back, but for what was removed by hand.
func (o *oracle) foundNobody() { o.restore(true) }

func (o *oracle) restore(held bool) {
	for _, addr := range o.seeds {
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
