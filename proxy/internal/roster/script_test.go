package roster

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

// script plays the commands of a transcript. Every command that can be answered
// is asked, so the transcript shows the answer.
type script struct {
	*rig
	out []string
}

// command is one line: a verb, words and key=value options.
type command struct {
	verb    string
	words   []string
	options map[string]string
}

func parseCommand(line string) command {
	fields := strings.Fields(line)
	c := command{verb: fields[0], options: map[string]string{}}
	for _, f := range fields[1:] {
		if key, value, ok := strings.Cut(f, "="); ok {
			c.options[key] = value
		} else {
			c.words = append(c.words, f)
		}
	}
	return c
}

// play runs one line and returns the lines of its effects.
func (s *script) play(line string) []string {
	s.out = nil
	c := parseCommand(line)
	switch c.verb {
	case "start":
		s.start(c)
	case "advance":
		s.advanceBy(s.duration(c.words[0]))
	case "expire":
		s.expire()
		s.record()
	default:
		s.r.Step(s.read(), s.message(c))
		s.record()
	}
	return s.out
}

func (s *script) start(c command) {
	cfg := Config{RPCMajorVersion: 1, Servers: servs(s.t, c.words...), Datacenter: c.options["dc"], NodeID: c.options["node"]}
	for addr := range strings.SplitSeq(c.options["remember"], ",") {
		if addr != "" {
			cfg.Remembered = append(cfg.Remembered, serv(s.t, addr))
		}
	}
	cfg.Rebalance.Spread = s.duration(c.options["spread"])
	cfg.NoDiscovery = c.options["discovery"] == "no"
	cfg.PreferDatacenter = c.options["prefer"] == "dc"
	if c.options["policy"] == "rendezvous" {
		cfg.Policy = Rendezvous
	}
	rng := ordered()
	if seed, ok := c.options["seed"]; ok {
		rng = seeded(s.number(seed))
	}
	s.rig = &rig{t: s.t, r: New(cfg, rng), now: epoch0, wall: s.wall}
	s.r.Start(s.read())
	s.record()
}

// advanceBy moves the clock; each deadline on the way that does something is
// recorded with its time.
func (s *script) advanceBy(d time.Duration) {
	for end := s.now.Add(d); ; {
		at := s.r.Deadline()
		if at.IsZero() || at.After(end) {
			s.now = end
			return
		}
		s.now = at
		s.expire()
		before := len(s.out)
		s.record()
		if len(s.out) > before {
			s.out = append(s.out[:before], append([]string{"at " + clock(at, epoch0)}, s.out[before:]...)...)
		}
	}
}

func (s *script) message(c command) messages.Message {
	switch c.verb {
	case "heartbeat":
		return messages.HeartbeatUpdate{
			Servers: s.infos(c.words), NumNodes: int(s.number(c.options["nodes"])), LeaderRPCAddr: c.options["leader"],
			TTL: s.duration(c.options["ttl"]), From: s.server(c.options["from"]), Reply: actor.NewReply[error](),
		}
	case "fail":
		return messages.FailureNotice{Server: serv(s.t, c.words[0]), Epoch: s.number(c.options["epoch"]), Err: errTest, Reply: actor.NewReply[bool]()}
	case "noquorum":
		return messages.FailureNotice{Server: serv(s.t, c.words[0]), Epoch: s.number(c.options["epoch"]), Err: errNoLeader, NoQuorum: true, Reply: actor.NewReply[bool]()}
	case "suspect":
		return messages.Suspected{Addr: serv(s.t, c.words[0]).Addr}
	case "recover":
		return messages.Recovered{Server: serv(s.t, c.words[0]), Epoch: s.number(c.options["epoch"])}
	case "tick":
		return messages.RebalanceTick{Reply: actor.NewReply[messages.RebalanceResult]()}
	case "probe":
		return messages.ProbeDone{Round: s.current(c, "round", s.r.round.number), Server: serv(s.t, c.words[0]), Err: s.outcome(c.words[1])}
	case "found":
		return messages.DiscoveryDone{Run: s.current(c, "run", s.r.discovery.run), Found: found(c.words...)}
	case "notfound":
		return messages.DiscoveryDone{Run: s.current(c, "run", s.r.discovery.run), Err: errors.New("no such host")}
	case "servers":
		return messages.SetServers{Addrs: c.words, Reply: reply[error](c)}
	case "backups":
		return messages.SetBackups{Addrs: c.words, Reply: reply[error](c)}
	case "backup":
		return messages.AddBackup{Addrs: c.words, Reply: reply[error](c)}
	case "primary":
		return messages.AddPrimary{Addr: c.words[0], Reply: reply[messages.AddResult](c)}
	case "remove":
		return messages.RemoveServer{Server: serv(s.t, c.words[0]), Reply: actor.NewReply[bool]()}
	}
	s.t.Fatalf("unknown command %q", c.verb)
	return nil
}

// reply is one that is awaited, unless the command has reply=no.
func reply[R any](c command) actor.Reply[R] {
	if c.options["reply"] == "no" {
		return actor.Reply[R]{}
	}
	return actor.NewReply[R]()
}

func (s *script) record() {
	for _, e := range s.take() {
		s.out = append(s.out, render(e, epoch0))
	}
}

// infos reads heartbeat servers: addr, addr@datacenter, addr/v3.
func (s *script) infos(words []string) []messages.ServerInfo {
	var list []messages.ServerInfo
	for _, w := range words {
		w, version, _ := strings.Cut(w, "/v")
		addr, dc, _ := strings.Cut(w, "@")
		list = append(list, messages.ServerInfo{RPCAdvertiseAddr: addr, Datacenter: dc, RPCMajorVersion: int(s.number(version))})
	}
	return list
}

// server reads an address; none is no server.
func (s *script) server(text string) messages.Server {
	if text == "" {
		return messages.Server{}
	}
	return serv(s.t, text)
}

func (s *script) outcome(word string) error {
	switch word {
	case "ok":
		return nil
	case "err":
		return errTest
	}
	s.t.Fatalf("a probe ends with ok or err, not %q", word)
	return nil
}

func (s *script) current(c command, key string, now uint64) uint64 {
	if v, ok := c.options[key]; ok {
		return s.number(v)
	}
	return now
}

func (s *script) number(text string) uint64 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *script) duration(text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// playAll runs a whole transcript: comments, blank lines and commands are kept,
// recorded effects (indented) are replaced by what happens now.
func playAll(t testing.TB, text string, wall *stepped.Clock) string {
	s := &script{rig: &rig{t: t, wall: wall}}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, " ") {
			continue
		}
		fmt.Fprintln(&b, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, effect := range s.play(line) {
			fmt.Fprintln(&b, "    "+effect)
		}
	}
	return b.String()
}
