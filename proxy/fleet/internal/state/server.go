package state

// Server is what has happened to a server. What is the network's is not in it.
type Server struct {
	Up         bool // its process runs
	Frozen     bool // it is silent; connections stay
	Hung       bool // its handlers answer nothing; handshakes and pings are answered
	Named      bool // heartbeats name it
	Member     bool // it is one of those of which a majority is needed
	Leaderless bool // it knows no leader, whoever leads
}

// Started is a server that runs.
func Started() Server { return Server{Up: true, Named: true, Member: true} }

// Kill ends the process, and with it what it was in. That it has no leader is the network's
// fault, which stays.
func (s *Server) Kill() { s.Up, s.Frozen, s.Hung = false, false, false }

// Start starts the process, again or as that of a new member, and heartbeats name it.
func (s *Server) Start() {
	s.Kill()
	s.Up, s.Named, s.Member = true, true, true
}

// Leave takes it out of the cluster: it is named no longer, then its process ends.
func (s *Server) Leave() {
	s.Kill()
	s.Named, s.Member = false, false
}

// Freeze has it fall silent, if it runs.
func (s *Server) Freeze() { s.Frozen = s.Up }

// Thaw ends that; heartbeats name it again.
func (s *Server) Thaw() {
	s.Named = s.Named || s.Frozen
	s.Frozen = false
}

// Hang has its handlers hang, if it runs, or go on.
func (s *Server) Hang(is bool) { s.Hung = is && s.Up }
