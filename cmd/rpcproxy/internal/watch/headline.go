package watch

import (
	"cmp"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// headline says which server is in front, why and since when, and how an agent's heartbeat
// does.
func (m *Model) headline(now time.Time) Line {
	switch {
	case m.linked && !m.link.Up:
		return Line{{Text: fmt.Sprintf("the agent does not tell its state for %s: %s", short(now.Sub(m.link.At)), m.link.Why), Style: Bad}}
	case !m.reported && m.agent != "":
		return Line{{Text: "asking the agent at " + m.agent, Style: Faint}}
	case !m.reported:
		return Line{{Text: "asking the servers", Style: Faint}}
	}
	s := &m.snap
	var line Line
	if r := m.index[printable.Name(s.Active)]; s.Active != "" && (r == nil || r.State != failed) {
		line = Line{{Text: printable.Name(s.Active), Style: Good}, {Text: " in front for " + short(now.Sub(s.ActiveSince)) + ": " + printable.Name(s.Reason)}}
	} else {
		line = Line{{Text: "no server answers", Style: Bad}}
	}
	if s.Fault != "" {
		line = append(line, Span{Text: "  "}, Span{Text: "the proxy has ended: " + printable.Text(s.Fault), Style: Bad})
	}
	if h := s.Heartbeat; h != nil {
		age := h.Age.Duration() + max(now.Sub(s.At), 0)
		line = append(line, Span{Text: fmt.Sprintf("  heartbeat %s ago", short(age))})
		if h.TTL > 0 {
			margin, style := h.TTL.Duration()-age, Plain
			text := fmt.Sprintf(", margin %s of %s", short(margin), short(h.TTL.Duration()))
			if margin < 0 {
				text, style = fmt.Sprintf(", TTL of %s has ended", short(h.TTL.Duration())), Bad
			}
			line = append(line, Span{Text: text, Style: style})
		}
	}
	return line
}

// detail says more of one server.
func (m *Model) detail(r *Row, now time.Time) Line {
	if r == nil {
		return Line{}
	}
	line := Line{{Text: r.Addr + " "}, {Text: stateText(r), Style: stateStyle(r)}}
	if !r.Since.IsZero() {
		line = append(line, Span{Text: " for " + short(now.Sub(r.Since))})
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
		if r.asked && r.says != "" {
			line = append(line, Span{Text: ", says that " + r.says + " leads"})
		}
	}
	return line
}
