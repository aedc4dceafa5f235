package watch

import (
	"cmp"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// headline says which server is in front, why and since when, and how an agent's heartbeat
// does, in so many columns: rather the reason is cut than the heartbeat.
func (m *Model) headline(now time.Time, columns int) Line {
	switch {
	case m.linked && !m.link.Up:
		return Line{{Text: fmt.Sprintf("the agent does not tell its state for %s: %s", short(now.Sub(m.link.At)), m.link.Why), Style: Bad}}
	case !m.reported && m.agent != "":
		return Line{{Text: "asking the agent at " + m.agent, Style: Faint}}
	case !m.reported:
		return Line{{Text: "asking the servers", Style: Faint}}
	}
	beat := m.heartbeat(now, columns)
	front := m.inFront(now)
	if room := columns - width(beat.Text) - 2; beat.Text != "" && room > 0 {
		return append(front.cutTo(room), Span{Text: "  "}, beat)
	}
	return front
}

// inFront is the server in front, and why and since when.
func (m *Model) inFront(now time.Time) Line {
	s := &m.snap
	if s.Fault != "" {
		return Line{{Text: "the agent's proxy has ended: " + printable.Text(s.Fault), Style: Bad}}
	}
	r := m.index[printable.Name(s.Active)]
	if s.Active == "" || r != nil && r.State == failed {
		return Line{{Text: "no server answers", Style: Bad}}
	}
	return Line{{Text: printable.Name(s.Active), Style: Good}, {Text: " in front for " + short(now.Sub(s.ActiveSince)) + ": " + printable.Text(s.Reason)}}
}

// heartbeat is when the last one was answered, if there is room for that, and what is left of
// its TTL.
func (m *Model) heartbeat(now time.Time, columns int) Span {
	h := m.snap.Heartbeat
	if h == nil {
		return Span{}
	}
	age := h.Age.Duration() + max(now.Sub(m.snap.At), 0)
	margin := h.TTL.Duration() - age
	switch {
	case h.TTL <= 0:
		return Span{Text: fmt.Sprintf("heartbeat %s ago", short(age))}
	case margin < 0:
		return Span{Text: fmt.Sprintf("TTL of %s over for %s", short(h.TTL.Duration()), short(-margin)), Style: Bad}
	}
	text := fmt.Sprintf("%s left of TTL %s", short(margin), short(h.TTL.Duration()))
	if columns >= 100 {
		text = fmt.Sprintf("heartbeat %s ago, ", short(age)) + text
	}
	return Span{Text: text}
}

// detail says more of one server.
func (m *Model) detail(r *Row, now time.Time) Line {
	if r == nil {
		return Line{}
	}
	line := Line{{Text: r.Addr + " "}, {Text: stateText(r), Style: stateStyle(r)}}
	since := r.Since
	if r.Front && r.State == alive {
		since = m.snap.ActiveSince
	}
	if !since.IsZero() {
		line = append(line, Span{Text: " for " + short(now.Sub(since))})
	}
	switch {
	case r.Why != "":
		line = append(line, Span{Text: ": " + r.Why})
	case m.agent != "":
		line = append(line, Span{Text: ": " + cmp.Or(printable.Name(r.status.Role), "server") + " from " + printable.Name(string(r.status.Source))})
		if t := sessionText(r, now); t != "" {
			line = append(line, Span{Text: ", session " + t + ", " + printable.Name(r.session.State)})
		}
	case len(r.trips) > 0:
		line = append(line, Span{Text: fmt.Sprintf(": worst of %d probes %s ms", len(r.trips), milliseconds(r.worst()))})
		if r.asked && r.says != "" && r.says != m.leader {
			line = append(line, Span{Text: ", says that " + r.says + " leads"})
		}
	}
	return line
}
