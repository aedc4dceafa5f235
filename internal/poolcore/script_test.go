package poolcore

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/testutil/stepped"
)

var update = flag.Bool("update", false, "record testdata/*.txt anew")

// TestTheTranscriptsHold plays the scenarios of testdata. Each is a list of messages and,
// indented beneath, the effects they had; with -update they are recorded anew. They have the
// same effects while the clock is set forward and back.
//
//	start [corroborate]         a new core: silence 1s, ping 2s, drain 30s, idle 1m
//	advance 2s                  time passes, and all that is due happens on the way
//	use 1 heard=1s busy ...     how session 1 is used: times before now, or flags
//	dialed a 1 [refused]        the message Dialed of server a and session 1; others alike
func TestTheTranscriptsHold(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want), nil)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("other effects than recorded; now:\n%s", got)
			}
			if set := play(t, string(want), new(stepped.Clock)); set != got {
				t.Errorf("other effects while the time of day is set:\n%s", set)
			}
		})
	}
}

// play runs a transcript: comments, blank lines and commands are kept, effects are
// replaced by those of now.
func play(t *testing.T, text string, wall *stepped.Clock) string {
	s := &script{t: t, wall: wall}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, " ") {
			continue
		}
		s.out.WriteString(line)
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			s.command(words[0], words[1:])
		}
	}
	return s.out.String()
}

type script struct {
	t    *testing.T
	wall *stepped.Clock // sets the time of day; nil: that stays right
	*rig
	out strings.Builder
}

func (s *script) command(verb string, words []string) {
	switch verb {
	case "start":
		s.rig = newRig(s.t)
		s.core.cfg.Corroborate = slices.Contains(words, "corroborate")
	case "advance":
		for end := s.now.Add(s.duration(words[0])); ; {
			at := s.core.Deadline()
			if s.now = end; at.IsZero() || at.After(end) {
				return
			}
			s.now = at
			s.core.Expire(s.read())
			if after := s.core.Deadline(); !after.IsZero() && !after.After(at) {
				s.t.Fatalf("after Expire at %s the deadline is %s", clock(at), clock(after))
			}
			s.record("at " + clock(at) + " ")
		}
	case "use":
		s.use[s.number(words[0])] = s.usage(words[1:])
	default:
		s.core.Step(s.read(), s.message(verb, words))
		s.record("")
	}
}

// read reads the clock.
func (s *script) read() time.Time {
	if s.wall == nil {
		return s.now
	}
	return s.wall.Read(s.now)
}

// message reads a message: its name, then the server or the session, or both.
func (s *script) message(verb string, words []string) Message {
	var addr string
	var id uint64
	var err error
	for i, w := range words {
		switch {
		case i == 0 && (w == "a" || w == "b"):
			addr = w
		default:
			n, notNumber := strconv.ParseUint(w, 10, 64)
			if id = max(id, n); notNumber != nil {
				err = errors.New(w)
			}
		}
	}
	reply := func() actor.Reply[error] {
		r := actor.NewReply[error]()
		s.names[r] = words[len(words)-1]
		return r
	}
	switch verb {
	case "connect":
		return Connect{Addr: addr, Except: id, Reply: reply()}
	case "dialed":
		return Dialed{Addr: addr, Session: id, Err: err}
	case "diallate":
		return DialLate{Addr: addr, Session: id, Err: err}
	case "disconnected":
		return Disconnected{Addr: addr, Session: id, Err: err}
	case "leaving":
		return Leaving{Addr: addr, Session: id}
	case "proven":
		return Proven{Addr: addr}
	case "retain":
		return Retain{Addr: addr}
	case "ttl":
		return HeartbeatTTL{TTL: s.duration(words[0])}
	case "drained":
		return Drained{Session: id}
	case "renew":
		return Renew{Addr: addr, Reply: reply()}
	case "secured":
		return Secured{}
	case "distrusted":
		return Checked{Distrusted: []Distrusted{{Session: id, Since: s.now}}}
	case "trusted":
		return Checked{Trusted: []uint64{id}}
	case "retrusted":
		return Retrusted{}
	case "overdue":
		return Overdue{Session: id}
	case "pinged":
		return Pinged{Session: id, Err: err}
	case "late":
		return Late{Session: id}
	case "served":
		return Served{Addr: addr, Session: id, Err: err}
	case "unopened":
		return Unopened{Session: id}
	case "corroborated":
		return Corroborated{Addr: addr}
	}
	s.t.Fatalf("unknown command %q", verb)
	return nil
}

// usage reads times before now, and flags.
func (s *script) usage(words []string) (u Usage) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		at := s.read().Add(-s.duration(cmp.Or(value, "0s")))
		switch name {
		case "busy":
			u.Busy = true
		case "used":
			u.Used = at
		case "heard":
			u.Heard = at
		case "answered":
			u.Answered = at
		case "accepted":
			u.Accepted = at
		case "unopened":
			u.Unopened = at
		default:
			s.t.Fatalf("no use is %q", w)
		}
	}
	return u
}

func (s *script) record(prefix string) {
	for _, e := range s.core.Take() {
		text := s.render(e)
		switch e := e.(type) {
		case Trim:
			continue
		case Publish:
			for _, up := range e.Sessions {
				text += fmt.Sprintf(" %s=%d", up.Addr, up.Session)
			}
		case Dial:
			if e.Avoid != 0 {
				text += fmt.Sprintf(", not where %d is", e.Avoid)
			}
		case Answer:
			if r, refused := e.Err.(*Refusal); refused {
				text = fmt.Sprintf("answer %s: not dialed before %s, %d failures, the last: %v", s.names[e.To], clock(r.Until), r.Failures, r.Last.Err)
			}
		case DialFailed:
			text = fmt.Sprintf("failed %s: %v, again %v, current %v", e.Addr, e.Err, e.Again, e.Current)
		}
		fmt.Fprintf(&s.out, "    %s%s\n", prefix, text)
	}
}

// clock is a time since the start.
func clock(at time.Time) string { return at.Sub(begin).String() }

func (s *script) number(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *script) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}
