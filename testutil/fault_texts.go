package testutil

import "strconv"

// The error texts of real servers, for use with [AppError] and in assertions.
// They stand as the server that ran into the error sends them; a server that
// forwarded the call puts a prefix in front, see [ErrTextHops].
const (
	ErrTextNoLeader         = "No cluster leader"
	ErrTextNoRegionPath     = "No path to region"
	ErrTextMissingRegion    = "missing region for target RPC"
	ErrTextPermissionDenied = "Permission denied"
	ErrTextNodeNotFound     = "node not found"
	ErrTextNoNodePath       = "No path to node"
	ErrTextSecretMismatch   = "node secret ID does not match. Not registering node."
	ErrTextBadStatus        = "invalid status for node"
	ErrTextMissingNode      = "missing node for client registration"
	ErrTextMissingNodeID    = "missing node ID"
	ErrTextNoUUID           = "node lookup failed: index error: UUID must be 36 characters"
	ErrTextNoVersion        = "Unable to determine Nomad version"
	ErrTextOldVersion       = "Node does not support RPC; requires 0.8 or later"
)

// The texts of a server while leaders change. See [Failure] for what is true of a
// request that was answered so.
const (
	ErrTextStreamClosed       = "stream closed"
	ErrTextSessionShutdown    = "session shutdown"
	ErrTextConnReset          = "connection reset"
	ErrTextEOF                = "EOF"
	ErrTextTransferInProgress = "leadership transfer in progress"
	ErrTextNotLeader          = "node is not the leader"
	ErrTextLeadershipLost     = "leadership lost while committing log"
	ErrTextRaftShutdown       = "raft is already shutdown"
	ErrTextHeartbeatNotLeader = "failed to reset heartbeat since server is not leader"
	ErrTextNoKeyring          = "failed to sign node identity claims: keyring has not been initialized yet"

	// ErrTextForwardEOF is what a follower answers whose leader died with the call.
	ErrTextForwardEOF = "rpc error: " + ErrTextEOF
)

// ErrTextForwardRefused is what a follower answers while the leader it forwards
// to refuses connections.
func ErrTextForwardRefused(leader string) string { return ErrTextHops(1, ErrTextDialRefused(leader)) }

// ErrTextDialRefused is ErrTextForwardRefused without the prefix of the hop.
func ErrTextDialRefused(leader string) string {
	return "failed to get conn: dial tcp " + leader + ": connect: connection refused"
}

// ErrTextStartStream is a follower's error when it cannot open a stream to the
// leader, for the reason given.
func ErrTextStartStream(reason string) string { return "failed to start stream: " + reason }

// ErrTextWriteReset is the error of a follower whose connection was reset while it
// wrote; local and remote are its ends.
func ErrTextWriteReset(local, remote string) string {
	return "write tcp " + local + "->" + remote + ": write: connection reset by peer"
}

// ErrTextReadReset is the error of a follower whose connection was reset while it
// waited for the answer.
func ErrTextReadReset(local, remote string) string {
	return "read tcp " + local + "->" + remote + ": read: connection reset by peer"
}

// ErrTextHops puts the prefix in front that n servers add which forward a call.
func ErrTextHops(n int, text string) string {
	for range n {
		text = "rpc error: " + text
	}
	return text
}

// ErrTextRaftApply is how some handlers wrap Raft's error.
func ErrTextRaftApply(text string) string { return "raft apply failed: " + text }

// ErrTextMulti is how Node.UpdateAlloc wraps Raft's error: a list of one.
func ErrTextMulti(text string) string { return "1 error occurred:\n\t* " + text + "\n\n" }

// ErrTextCoded is an error with a code for HTTP in its text.
func ErrTextCoded(code int, text string) string {
	return "RPC Error:: " + strconv.Itoa(code) + "," + text
}

// ErrTextUnknownNode is the error of a server that shall call a node it does not know.
func ErrTextUnknownNode(nodeID string) string { return "Unknown node " + nodeID }
