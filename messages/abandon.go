package messages

import "github.com/open-nomad/rpcproxy/actor"

// The messages with a Reply. Abandon answers one that the owner has not processed; cause
// is the error with which the owner ended.
var _ = []actor.Abandoner{
	HeartbeatUpdate{}, FailureNotice{}, RebalanceTick{}, SetServers{}, SetBackups{}, AddBackup{}, AddPrimary{}, RemoveServer{},
}

// Abandon answers with cause.
func (m HeartbeatUpdate) Abandon(cause error) { m.Reply.Abandon(cause) }

// Abandon answers with false.
func (m FailureNotice) Abandon(error) { m.Reply.Abandon(false) }

// Abandon answers with a result that carries cause.
func (m RebalanceTick) Abandon(cause error) { m.Reply.Abandon(RebalanceResult{Err: cause}) }

// Abandon answers with cause.
func (m SetServers) Abandon(cause error) { m.Reply.Abandon(cause) }

// Abandon answers with cause.
func (m SetBackups) Abandon(cause error) { m.Reply.Abandon(cause) }

// Abandon answers with cause.
func (m AddBackup) Abandon(cause error) { m.Reply.Abandon(cause) }

// Abandon answers with a result that carries cause.
func (m AddPrimary) Abandon(cause error) { m.Reply.Abandon(AddResult{Err: cause}) }

// Abandon answers with false.
func (m RemoveServer) Abandon(error) { m.Reply.Abandon(false) }
