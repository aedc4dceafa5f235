package state

import "testing"

func TestWhatEventsLeaveOfWhatWasBefore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(*Server)
		want Server
	}{
		"a crash ends silence":           {func(s *Server) { s.Freeze(); s.Kill() }, Server{Named: true, Member: true}},
		"nothing is silent that is down": {func(s *Server) { s.Kill(); s.Freeze(); s.Hang(true) }, Server{Named: true, Member: true}},
		"it is named when it starts":     {func(s *Server) { s.Named = false; s.Kill(); s.Start() }, Started()},
		"and when it thaws":              {func(s *Server) { s.Freeze(); s.Named = false; s.Thaw() }, Started()},
		"but not if it was not frozen":   {func(s *Server) { s.Named = false; s.Thaw() }, Server{Up: true, Member: true}},
		"it has left":                    {(*Server).Leave, Server{}},
		"no leader outlives the process": {func(s *Server) { s.Leaderless = true; s.Kill(); s.Start() }, Server{Up: true, Named: true, Member: true, Leaderless: true}},
	} {
		s := Started()
		if c.do(&s); s != c.want {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
