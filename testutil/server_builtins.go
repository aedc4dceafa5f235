package testutil

// registerBuiltins fills the table of a new server.
func (s *Server) registerBuiltins() {
	for name, h := range map[string]Handler{
		"Status.Ping":          s.statusPing,
		"Status.Leader":        s.statusLeader,
		"Status.Peers":         s.statusPeers,
		"Status.Members":       s.statusMembers,
		"Status.RaftStats":     s.statusRaftStats,
		"Status.HasNodeConn":   s.statusHasNodeConn,
		"Node.Register":        s.nodeRegister,
		"Node.UpdateStatus":    s.nodeUpdateStatus,
		"Node.Deregister":      s.nodeDeregister,
		"Node.GetNode":         s.nodeGetNode,
		"Node.GetClientAllocs": s.nodeClientAllocs,
		"Node.UpdateAlloc":     s.nodeUpdateAlloc,
		"Echo.Echo":            echoEcho,
		"Echo.Count":           s.echoCount,
		"Echo.Once":            s.echoOnce,
		"Echo.Write":           s.echoWrite,
		"Echo.Sleep":           echoSleep,
	} {
		s.Handle(name, h)
	}
	for name, h := range map[string]StreamHandler{
		"Agent.Monitor":   s.agentMonitor,
		"Event.Stream":    s.eventStream,
		"Echo.Stream":     echoStream,
		"Echo.Exec":       EchoExec,
		"FileSystem.Logs": s.relayed("FileSystem.Logs"), "FileSystem.Stream": s.relayed("FileSystem.Stream"),
		"Allocations.Exec": s.relayed("Allocations.Exec"),
	} {
		s.HandleStream(name, h)
	}
}
